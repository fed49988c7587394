using System.CommandLine;
using System.Text.Json;

namespace Fabric.Cli.Tests;

public sealed class UsageTests : IDisposable
{
    private readonly Sandbox _user = new();

    public void Dispose() => _user.Dispose();

    public static TheoryData<string> EveryCommand()
    {
        TheoryData<string> names = [];
        Terminal terminal = new(TextWriter.Null, TextWriter.Null, isInteractive: false);
        AddAll(CommandLine.CreateRoot(terminal), "");
        return names;

        void AddAll(Command command, string path)
        {
            foreach (Command child in command.Subcommands.Where(c => !c.Hidden))
            {
                names.Add((path + " " + child.Name).Trim());
                AddAll(child, path + " " + child.Name);
            }
        }
    }

    [Theory]
    [MemberData(nameof(EveryCommand))]
    public async Task EveryCommandExplainsItselfWithExamples(string command)
    {
        StringWriter output = new();
        int status = await CommandLine.RunAsync([.. command.Split(' '), "--help"], new Terminal(output, TextWriter.Null, isInteractive: false));
        Assert.Equal(0, status);
        Assert.Contains("Examples:", output.ToString());
        Assert.Contains($"  fabric {command}", output.ToString());
    }

    [Theory]
    [InlineData(2, "unknown command 'stauts', did you mean status?", "stauts")]
    [InlineData(2, "unknown option '--jsn', did you mean --json?", "status", "--jsn")]
    [InlineData(2, "Required argument 'FILE' missing", "up")]
    [InlineData(2, "unknown command 'strat', did you mean start?", "vm", "strat", "alice")]
    [InlineData(2, "--all and --topology exclude each other", "down", "--all", "-t", "x")]
    [InlineData(2, "--timeout", "up", "--timeout", "0", "file.yaml")]
    [InlineData(125, "Required argument 'CMD' missing", "exec", "alice")]
    public async Task AWrongCommandLineIsExplainedInOneLine(int expected, string explanation, params string[] args)
    {
        StringWriter error = new();
        int status = await CommandLine.RunAsync(args, new Terminal(TextWriter.Null, error, isInteractive: false));
        Assert.Equal(expected, status);
        Assert.Contains(explanation, error.ToString());
        Assert.StartsWith("fabric: ", error.ToString());
        Assert.Equal(1, error.ToString().Count(c => c == '\n'));
    }

    [Fact]
    public void TheSchemaIsJson()
    {
        Sandbox.Run run = _user.Fabric("schema");
        Assert.Equal(0, run.Status);
        using JsonDocument schema = JsonDocument.Parse(run.Out);
        Assert.True(schema.RootElement.GetProperty("properties").TryGetProperty("vms", out _));
    }

    [Fact]
    public void AMissingFileIsOneLine()
    {
        Sandbox.Run run = _user.Fabric("up", "nowhere.yaml");
        Assert.Equal(1, run.Status);
        Assert.StartsWith("fabric: nowhere.yaml", run.ErrorLine);
    }

    [Fact]
    public void EachFaultOfATopologyIsALineWithItsPlace()
    {
        string file = _user.Write("bad.yaml", "name: bad\nswitchs: {}\n");
        Sandbox.Run run = _user.Fabric("validate", file);
        Assert.Equal(1, run.Status);
        Assert.StartsWith($"fabric: {file}:2:1: ", run.ErrorLine);
        Assert.Contains("switches", run.ErrorLine);

        Sandbox.Run json = _user.Fabric("validate", file, "--json");
        Assert.Equal(1, json.Status);
        using JsonDocument faults = JsonDocument.Parse(json.Out);
        Assert.Equal(2, faults.RootElement[0].GetProperty("line").GetInt32());
    }

    [Fact]
    public void WithNothingRunningEachCommandSaysSo()
    {
        Assert.Equal(0, _user.Fabric("status").Status);
        Assert.Equal("[]", _user.Fabric("status", "--json").Out.Trim());
        Assert.Contains("no topology is running", _user.Fabric("down").ErrorLine);
        Assert.Contains("no topology is running", _user.Fabric("console", "alice").ErrorLine);
        Assert.Contains("no topology is running", _user.Fabric("vm", "stop", "alice").ErrorLine);
        Sandbox.Run exec = _user.Fabric("exec", "alice", "--", "true");
        Assert.Equal(125, exec.Status);
        Assert.Contains("no topology is running", exec.ErrorLine);
    }
}
