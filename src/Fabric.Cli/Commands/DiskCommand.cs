using System.CommandLine;
using Fabric.Cli.Disks;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric disk</c>: disk images without a topology.</summary>
internal static class DiskCommand
{
    /// <summary>The commands, for the help and for suggestions; those of <see cref="DiskTool"/> run before the tree is built.</summary>
    public static Command Create(Terminal terminal)
    {
        Command command = new("disk", "Create, inspect and change disk images");
        foreach (string name in DiskTool.Names)
            command.Add(new Command(name, DiskTool.Find(name)!.Description));
        command.Add(DiskServeCommand.Create(terminal));
        return command.WithExamples(
            "fabric disk create -f qcow2 data.qcow2 8GiB",
            "fabric disk info data.qcow2",
            "fabric disk convert -O vhdx data.qcow2 data.vhdx");
    }
}
