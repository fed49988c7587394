using System.CommandLine;
using Fabric.Topology;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric schema</c>: the JSON schema of the topology file, for editors.</summary>
internal static class SchemaCommand
{
    public static Command Create(Terminal terminal)
    {
        Command command = new("schema", "Print the JSON schema of the topology file, for editors to complete and check it");
        command.SetAction(_ => terminal.Out.Write(TopologySchema.Generate()));
        return command.WithExamples(
            "fabric schema > fabric.schema.json",
            "# then begin the topology file with:  # yaml-language-server: $schema=fabric.schema.json");
    }
}
