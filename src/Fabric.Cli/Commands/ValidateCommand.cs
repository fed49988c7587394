using System.CommandLine;
using System.Text.Json;
using Fabric.Topology;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric validate FILE</c>: reads a topology file and says what is wrong with it.</summary>
internal static class ValidateCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> file = CommandExtensions.FileArgument();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("validate", "Check a topology file; nothing is started") { file, json };
        command.SetAction(parsed => Run(terminal, parsed.GetRequiredValue(file), parsed.GetValue(json)));
        return command.WithExamples(
            "fabric validate topologies/quickstart.yaml",
            "fabric validate topologies/quickstart.yaml --json    # faults as an array of file, line, column, message");
    }

    private static int Run(Terminal terminal, string file, bool json)
    {
        IReadOnlyList<TopologyError> faults = [];
        try
        {
            TopologyModel model = TopologyLoader.Load(file);
            if (!json)
                terminal.Out.WriteLine($"{file}: topology {model.Name} is valid: {Startup.Describe(model)}, {Startup.Count(model.Tests.Count, "test step")}");
        }
        catch (TopologyException e)
        {
            faults = e.Errors;
        }
        if (json)
            terminal.Out.WriteLine(JsonSerializer.Serialize(faults, CliJson.Indented.IReadOnlyListTopologyError));
        foreach (TopologyError fault in json ? [] : faults)
            terminal.Error.WriteLine($"fabric: {fault}");
        return faults.Count == 0 ? 0 : 1;
    }
}
