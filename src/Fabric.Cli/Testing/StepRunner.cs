using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Fabric.Daemon;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Cli.Testing;

/// <summary>Carries out the steps of a topology's <c>tests:</c> against the running topology.</summary>
/// <param name="client">Its daemon.</param>
internal sealed partial class StepRunner(ControlClient client)
{
    private const int EchoWaitSeconds = 2;
    private const int HostPingIntervalMs = 10;
    private const string GuestPingInterval = "0.2";
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PingOverhead = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RestartTimeout = TimeSpan.FromMinutes(3);

    /// <summary>Runs one step. Whatever goes wrong in it is its result, unless the whole run is cancelled.</summary>
    public async Task<StepResult> RunAsync(TestStep step, CancellationToken cancel)
    {
        long begin = Stopwatch.GetTimestamp();
        StringBuilder output = new();
        TimeSpan limit = LimitOf(step);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(limit);
        string? failure;
        try
        {
            failure = await JudgeAsync(step, output, patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            failure = $"did not end within {limit.TotalSeconds:0} s";
        }
        catch (DaemonException e)
        {
            failure = e.Message;
        }
        return new StepResult(step, failure, output.ToString(), Stopwatch.GetElapsedTime(begin));
    }

    /// <summary>Reads from what ping printed how many echoes came back; −1 where it printed no summary.</summary>
    internal static int CountEchoes(string output)
    {
        Match summary = PingSummary().Match(output);
        return summary.Success ? int.Parse(summary.Groups["received"].Value) : -1;
    }

    /// <summary>Judges a command by its exit status, then by its output.</summary>
    internal static string? JudgeExec(ExecStep step, int status, string stdout, string stderr)
    {
        if (status != step.Status)
            return $"exit status {status}, expected {step.Status}{Quote(stderr.Length > 0 ? stderr : stdout)}";
        if (step.Expect is not null && !stdout.Contains(step.Expect, StringComparison.Ordinal))
            return $"expected '{step.Expect}' in the output{Quote(stdout)}";
        return null;
    }

    /// <summary>Judges what a router knows.</summary>
    internal static string? JudgeRoute(RouteStep step, IReadOnlyList<RouteStatus> routes)
    {
        RouteStatus? found = step.IsPrefix
            ? routes.FirstOrDefault(route => route.Selected && route.Prefix == $"{step.To}")
            : RouteTableView.Towards(routes, step.To.BaseAddress) is [RouteStatus only, ..] ? only : null;
        if (found is null)
            return step.IsMissing ? null : "there is no such route";
        string way = $"{found.Prefix} {found.Source} {string.Join(", ", found.NextHops.Select(hop => $"{hop.Gateway ?? "on link"} {hop.Interface}").DefaultIfEmpty(found.Kind))}";
        bool isRight = !step.IsMissing
            && (step.Source is null || step.Source == found.Source)
            && (step.Via is null && step.Out is null || found.NextHops.Any(hop => (step.Via is null || hop.Gateway == $"{step.Via}") && (step.Out is null || hop.Interface == step.Out)));
        return isRight ? null : $"the route is: {way}";
    }

    private static string Quote(string output) => output.Trim().Length == 0 ? ", which was empty" : $", got: {output.Trim()}";

    private static TimeSpan LimitOf(TestStep step) => step switch
    {
        PingStep ping => ping.Within + TimeSpan.FromSeconds(ping.Count * (1 + EchoWaitSeconds)) + PingOverhead,
        RouteStep route => route.Within + PingOverhead,
        ExecStep exec => exec.Timeout,
        _ => RestartTimeout,
    };

    [GeneratedRegex(@"packets transmitted, (?<received>\d+) (packets )?received")]
    private static partial Regex PingSummary();

    private async Task<string?> JudgeAsync(TestStep step, StringBuilder log, CancellationToken cancel)
    {
        switch (step)
        {
            case PingStep ping:
                return await JudgePingAsync(ping, log, cancel);
            case ExecStep exec:
                (int status, string stdout, string stderr) = await ExecAsync(exec.Vm, ["sh", "-c", exec.Run], log, cancel);
                return JudgeExec(exec, status, stdout, stderr);
            case RestartStep restart:
                await client.ChangeVmAsync(restart.Vm, "stop", cancel);
                await client.ChangeVmAsync(restart.Vm, "start", cancel);
                return null;
            case LinkStep link:
                await client.SetLinkAsync(link.A, link.B, link.IsUp, cancel);
                return null;
            case RouteStep route:
                return await JudgeRouteAsync(route, cancel);
            default:
                throw new ArgumentException($"no way to run a {step.GetType().Name}", nameof(step));
        }
    }

    private async Task<string?> JudgeRouteAsync(RouteStep step, CancellationToken cancel)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            string? failure = JudgeRoute(step, await client.RoutesAsync(step.Router, cancel));
            if (failure is null || Stopwatch.GetElapsedTime(begin) >= step.Within)
                return failure;
            await Task.Delay(LookInterval, cancel);
        }
    }

    private async Task<string?> JudgePingAsync(PingStep ping, StringBuilder log, CancellationToken cancel)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            IPAddress? to = ping.To ?? await LookUpAsync(ping.Target!, cancel);
            int received = to is null ? 0 : ping.IsFromHost ? await PingFromHostAsync(ping, to, log, cancel) : await PingFromGuestAsync(ping, to, log, cancel);
            if (to is not null && received == (ping.ExpectsSilence ? 0 : ping.Count))
                return null;
            bool isLast = Stopwatch.GetElapsedTime(begin) >= ping.Within;
            if (to is null && !isLast)
                await Task.Delay(LookInterval, cancel);
            else if (to is null)
                return $"{ping.Target} has no address yet{(ping.Within == TimeSpan.Zero ? "; 'within: 20s' waits for one" : "")}";
            else if (isLast)
                return received < 0 ? "ping printed no summary" : $"{received} of {ping.Count} echoes came back{(ping.ExpectsSilence ? ", and none should" : "")}";
        }
    }

    /// <summary>The first address that a host or VM has at present.</summary>
    private async Task<IPAddress?> LookUpAsync(string name, CancellationToken cancel)
    {
        TopologyStatus status = await client.StatusAsync(cancel);
        string? address = status.Hosts.Where(host => host.Name == name).SelectMany(host => host.Addresses)
            .Concat(status.Vms.Where(vm => vm.Name == name).SelectMany(vm => vm.Nics).Select(nic => nic.Address).OfType<string>()).FirstOrDefault();
        return address is null ? null : IPAddress.Parse(address.Split('/')[0]);
    }

    private async Task<int> PingFromHostAsync(PingStep ping, IPAddress to, StringBuilder log, CancellationToken cancel)
    {
        PingReport report = await client.PingAsync(ping.From, new PingRequest($"{to}") { Count = ping.Count, IntervalMs = HostPingIntervalMs }, cancel);
        log.AppendLine(PingText.Summarize(report));
        return report.Received;
    }

    private async Task<int> PingFromGuestAsync(PingStep ping, IPAddress to, StringBuilder log, CancellationToken cancel)
    {
        string family = to.AddressFamily == AddressFamily.InterNetworkV6 ? "-6" : "-4";
        (_, string output, _) = await ExecAsync(ping.From, ["ping", family, "-c", $"{ping.Count}", "-i", GuestPingInterval, "-W", $"{EchoWaitSeconds}", $"{to}"], log, cancel);
        return CountEchoes(output);
    }

    private async Task<(int Status, string Stdout, string Stderr)> ExecAsync(string vm, string[] command, StringBuilder log, CancellationToken cancel)
    {
        Decoder[] decoders = [Encoding.UTF8.GetDecoder(), Encoding.UTF8.GetDecoder()];
        StringBuilder[] streams = [new(), new()];
        int status = await client.ExecAsync(vm, command, stdin: null, Take, cancel);
        return (status, streams[0].ToString(), streams[1].ToString());

        Task Take(ReadOnlyMemory<byte> chunk, bool isError)
        {
            int index = isError ? 1 : 0;
            char[] characters = new char[chunk.Length + 1];
            int count = decoders[index].GetChars(chunk.Span, characters, flush: false);
            streams[index].Append(characters, 0, count);
            log.Append(characters, 0, count);
            return Task.CompletedTask;
        }
    }
}
