using System.CommandLine;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric serve</c>: parts of a topology by themselves, in the foreground.</summary>
internal static class ServeCommand
{
    public static Command Create(Terminal terminal)
    {
        Command command = new("serve", "Serve a switch without a topology file, until Ctrl-C") { ServeNetCommand.Create(terminal) };
        return command.WithExamples("fabric serve net --tap ta --tap tb", "fabric serve net --help");
    }
}
