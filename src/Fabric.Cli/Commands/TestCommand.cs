using System.CommandLine;
using Fabric.Cli.Testing;
using Fabric.Topology;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric test FILE</c>: runs the steps of the file's <c>tests:</c>.</summary>
internal static class TestCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> file = CommandExtensions.FileArgument();
        Option<string?> junit = new("--junit") { Description = "Also write the results as JUnit XML", HelpName = "OUT" };
        Option<bool> keep = new("--keep") { Description = "Leave the topology running" };
        Option<int> timeout = UpCommand.TimeoutOption();
        Command command = new("test", "Run a topology's test steps; brings it up first, all its sites on this machine, and takes it down after, unless it runs already") { file, junit, keep, timeout };
        command.SetAction((parsed, cancel) =>
        {
            TopologyModel model = TopologyLoader.Load(parsed.GetRequiredValue(file));
            TimeSpan patience = TimeSpan.FromSeconds(parsed.GetValue(timeout));
            return RunAsync(terminal, model, parsed.GetRequiredValue(file), parsed.GetValue(junit), parsed.GetValue(keep), patience, cancel);
        });
        return command.WithExamples(
            "fabric test topologies/quickstart.yaml",
            "fabric test topologies/quickstart.yaml --junit results.xml    # for a CI server; exit status 1 when a step fails");
    }

    private static async Task<int> RunAsync(Terminal terminal, TopologyModel model, string file, string? junit, bool keep, TimeSpan timeout, CancellationToken cancel)
    {
        if (model.Tests.Count == 0)
            throw new CliException($"{file}: has no test steps; add some under tests:");
        // Found out before the guests boot, not after the steps have run.
        await using StreamWriter? report = junit is null ? null : OpenReport(junit);
        List<StepResult> results = [];
        using TestedSites sites = new(terminal, model);
        await sites.BringUpAsync(timeout, cancel);
        try
        {
            foreach (TestStep step in model.Tests)
            {
                results.Add(await new StepRunner(sites.Of(SubjectOf(step))).RunAsync(step, cancel));
                Print(terminal, results[^1]);
            }
        }
        finally
        {
            if (!keep)
                await sites.TakeDownAsync();
        }

        if (report is not null)
            JunitReport.Write(report, model.Name, file, results);
        return Summarize(terminal, results);
    }

    /// <summary>Whose site a step is done at.</summary>
    private static string SubjectOf(TestStep step) => step switch
    {
        PingStep ping => ping.From,
        ExecStep exec => exec.Vm,
        RestartStep restart => restart.Vm,
        LinkStep link => link.A,
        RouteStep route => route.Router,
        _ => throw new ArgumentException($"no way to place a {step.GetType().Name}", nameof(step)),
    };

    private static StreamWriter OpenReport(string path)
    {
        try
        {
            return new StreamWriter(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{path}: cannot be written: {e.Message}");
        }
    }

    private static void Print(Terminal terminal, StepResult result)
    {
        string time = $"{result.Elapsed.TotalSeconds:0.0} s";
        if (result.Failure is null)
            terminal.WriteMarkup($"[green]✓[/] {result.Step.Title} [grey]({time})[/]");
        else
            terminal.WriteMarkup($"[red]✗[/] {result.Step.Title} [grey]({time})[/]: {result.Failure}");
    }

    private static int Summarize(Terminal terminal, List<StepResult> results)
    {
        int failed = results.Count(r => r.Failure is not null);
        terminal.Out.WriteLine($"{results.Count - failed} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }
}
