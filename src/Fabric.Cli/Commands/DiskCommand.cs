using System.CommandLine;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric disk</c>: disk images without a topology.</summary>
internal static class DiskCommand
{
    public static Command Create(Terminal terminal) =>
        new Command("disk", "Create and inspect disk images")
        {
            DiskCreateCommand.Create(terminal),
            DiskInfoCommand.Create(terminal),
            DiskServeCommand.Create(terminal),
        }.WithExamples(
            "fabric disk create -f qcow2 data.qcow2 8GiB",
            "fabric disk info data.qcow2");
}
