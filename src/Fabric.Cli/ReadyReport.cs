using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Cli;

/// <summary>What is printed about running topologies: the table of machines, and what to try next.</summary>
/// <param name="terminal">Where to.</param>
internal sealed class ReadyReport(Terminal terminal)
{
    private const int MostHosts = 20;

    /// <summary>The table of a topology's machines, a line per NIC.</summary>
    public void WriteVms(TopologyStatus status)
    {
        if (status.Vms.Count == 0)
            return;
        terminal.WriteTable(["VM", "STATE", "AGENT", "CPUS", "MEMORY", "ADDRESS", "SWITCH", "MAC"], status.Vms.SelectMany(Rows));
    }

    /// <summary>The table of a topology's hosts, the first few of many.</summary>
    public void WriteHosts(TopologyStatus status)
    {
        if (status.Hosts.Count == 0)
            return;
        terminal.WriteTable(
            ["HOST", "ADDRESS", "SWITCH", "MAC", "RECEIVED", "SENT"],
            status.Hosts.Take(MostHosts).Select(host => (IReadOnlyList<string>)[host.Name, string.Join(' ', host.Addresses), host.Switch, host.Mac, $"{host.Received}", $"{host.Sent}"]));
        if (status.Hosts.Count > MostHosts)
            terminal.Out.WriteLine($"… and {status.Hosts.Count - MostHosts} more hosts; see all with: fabric status --json");
    }

    /// <summary>The table of a topology's routers, a line per interface.</summary>
    public void WriteRouters(TopologyStatus status)
    {
        if (status.Routers.Count == 0)
            return;
        terminal.WriteTable(["ROUTER", "ROUTES", "INTERFACE", "STATE", "TO", "ADDRESSES"], status.Routers.SelectMany(Rows));
    }

    /// <summary>The table of what a topology's sinks have counted.</summary>
    public void WriteSinks(TopologyStatus status)
    {
        HostStatus[] sinks = [.. status.Hosts.Where(host => host.Sink is { Received: > 0 })];
        if (sinks.Length == 0)
            return;
        terminal.WriteTable(
            ["SINK", "RECEIVED", "LOST", "REORDERED", "TWICE", "MEDIAN", "P99"],
            sinks.Take(MostHosts).Select(host => (IReadOnlyList<string>)
            [
                host.Name, $"{host.Sink!.Received}", $"{host.Sink.Lost}", $"{host.Sink.Reordered}", $"{host.Sink.Duplicates}", $"{host.Sink.MedianMicroseconds:0.#} µs", $"{host.Sink.P99Microseconds:0.#} µs",
            ]));
    }

    /// <summary>The table of a topology's bonds, a line per member.</summary>
    public void WriteBonds(TopologyStatus status)
    {
        if (status.Bonds.Count > 0)
            terminal.WriteTable(["BOND", "MODE", "STATE", "MEMBER"], status.Bonds.SelectMany(Rows));
    }

    /// <summary>What to try next, as lines that can be pasted into a shell.</summary>
    public void WriteHints(TopologyStatus status, TimeSpan elapsed)
    {
        terminal.Out.WriteLine();
        terminal.WriteMarkup($"[green]Ready[/] in {elapsed.TotalSeconds:0.0} s. Try next:");
        if (ShellName() is { } program)
            terminal.Out.WriteLine($"  alias fabric={program}");
        VmStatus[] talking = [.. status.Vms.Where(v => v.Agent == "ready")];
        if (talking.Length > 0)
            terminal.Out.WriteLine($"  fabric exec {talking[0].Name} -- {Suggestion(talking)}");
        if (status.Hosts.Count > 1)
            terminal.Out.WriteLine($"  fabric ping {status.Hosts[0].Name} {status.Hosts[1].Name}");
        if (status.Routers.Count > 0)
            terminal.Out.WriteLine($"  fabric routes {status.Routers[0].Name}");
        if (status.Vms.Count > 0)
            terminal.Out.WriteLine($"  fabric console {status.Vms[^1].Name}    (leave with Ctrl-])");
        terminal.Out.WriteLine($"  fabric status");
        terminal.Out.WriteLine($"  fabric down");
    }

    private static string Suggestion(VmStatus[] talking)
    {
        string? other = talking.Skip(1).SelectMany(v => v.Nics).Select(n => n.Address).FirstOrDefault(a => a is not null);
        return other is null ? "uname -a" : $"ping -c 3 {other.Split('/')[0]}";
    }

    /// <summary>How to call this program where the shell does not find it by name.</summary>
    private static string? ShellName()
    {
        string program = Environment.ProcessPath!;
        string[] path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (Path.GetFileName(program) != "fabric")
            return $"'{program} {System.Reflection.Assembly.GetEntryAssembly()!.Location}'";
        return path.Any(folder => File.Exists(Path.Combine(folder, "fabric"))) ? null : program;
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(BondReport bond) => bond.Members.Select((member, i) => (IReadOnlyList<string>)
        (i == 0 ? [bond.Name, bond.Mode, bond.IsUp ? "up" : "down", $"{member}"] : ["", "", "", $"{member}"]));

    private static string AddressOf(NicStatus? nic) => nic switch
    {
        { Address: { } address, Dhcp: true } => $"{address} (dhcp)",
        { Address: { } address } => address,
        { Dhcp: true } => "dhcp",
        { Autoconfigure: true } => "autoconfigure",
        _ => "-",
    };

    private static IEnumerable<IReadOnlyList<string>> Rows(VmStatus vm)
    {
        string state = vm.Reason is null ? vm.State : $"{vm.State} ({vm.Reason})";
        NicStatus? first = vm.Nics.Count > 0 ? vm.Nics[0] : null;
        yield return [vm.Name, state, vm.Agent, $"{vm.Cpus}", ByteSize.Format(vm.MemoryBytes), AddressOf(first), first?.Switch ?? "-", first?.Mac ?? "-"];
        foreach (NicStatus nic in vm.Nics.Skip(1))
            yield return ["", "", "", "", "", AddressOf(nic), nic.Switch, nic.Mac];
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(RouterStatus router)
    {
        bool isFirst = true;
        IEnumerable<string[]> loopback = router.Loopback.Count == 0 ? [] : [[$"{router.Name}.lo", "up", "-", string.Join(' ', router.Loopback)]];
        IEnumerable<string[]> interfaces = router.Interfaces.Select(item => (string[])
        [
            item.Name, item.State, item.Tag is null ? item.To : $"{item.To} tag {item.Tag}", string.Join(' ', item.Addresses.DefaultIfEmpty("-")),
        ]);
        foreach (string[] row in loopback.Concat(interfaces))
        {
            yield return [isFirst ? router.Name : "", isFirst ? $"{router.Routes}" : "", .. row];
            isFirst = false;
        }
    }
}
