using System.Net;
using System.Text.Json;
using Fabric.Daemon.Composition;
using Fabric.Link;
using Fabric.Link.Bonding;
using Fabric.Link.Packet;
using Fabric.Link.Taps;

namespace Fabric.Cli.Serving;

/// <summary>Prints what <c>fabric serve net</c> has made and done: lines for people, or a JSON object a line.</summary>
internal sealed class SwitchReport(Terminal terminal, bool json)
{
    private readonly HashSet<string> _faulty = [];
    private readonly Dictionary<string, string> _bonds = [];
    private string? _tree;

    /// <summary>A TAP was made.</summary>
    /// <returns>The same.</returns>
    public TapPort Made(TapPort tap)
    {
        TapOptions options = tap.Options;
        Print(new ServedPort("port", tap.Name, "tap", options.Namespace, options.Address?.ToString(), options.Queues, Names(tap.Accepts)));
        return tap;
    }

    /// <summary>An interface was taken.</summary>
    /// <returns>The same.</returns>
    public PacketSocketPort Made(PacketSocketPort port)
    {
        Print(new ServedPort("port", port.Name, "interface", port.Options.Namespace, null, 1, Names(port.Accepts)));
        return port;
    }

    /// <summary>A socket was made.</summary>
    /// <param name="port">The port.</param>
    /// <param name="kind"><c>stream</c> or <c>dgram</c>.</param>
    /// <param name="place">Where it is.</param>
    /// <returns>The same.</returns>
    public IPort Made(IPort port, string kind, EndPoint place)
    {
        Print(new ServedPort("port", port.Name, kind, null, $"{place}", 1, []));
        return port;
    }

    /// <summary>All ports forward.</summary>
    public void Ready(string name, StandaloneSwitch served)
    {
        if (json)
            terminal.Out.WriteLine(JsonSerializer.Serialize(new ServedReady("ready", name, [.. served.Ports.Select(port => port.Name)]), CliJson.Line.ServedReady));
        else
            terminal.Out.WriteLine($"{name}: {served.Ports.Count} port{(served.Ports.Count == 1 ? "" : "s")}, forwarding; Ctrl-C ends it");
    }

    /// <summary>Ports whose check of themselves has failed, each once.</summary>
    public void Faults(StandaloneSwitch served)
    {
        foreach (ICheckedPort port in served.Ports.OfType<ICheckedPort>())
        {
            if (!port.Check.IsCorrupting || !_faulty.Add(port.Name))
                continue;
            if (json)
                terminal.Out.WriteLine(JsonSerializer.Serialize(ServedFault.Of(port), CliJson.Line.ServedFault));
            else
                terminal.Error.WriteLine($"warning: {ServedFault.Of(port).Message}");
        }
    }

    /// <summary>Bonds that stand otherwise than when last printed.</summary>
    public void Bonds(StandaloneSwitch served)
    {
        foreach (BondPort bond in served.Ports.OfType<BondPort>())
        {
            ServedBond now = ServedBond.Of(bond);
            if (_bonds.TryGetValue(bond.Name, out string? last) && last == $"{now}")
                continue;
            _bonds[bond.Name] = $"{now}";
            terminal.Out.WriteLine(json ? JsonSerializer.Serialize(now, CliJson.Line.ServedBond) : $"{now}");
        }
    }

    /// <summary>The spanning tree, where ports stand otherwise than when last printed.</summary>
    public void Tree(StandaloneSwitch served)
    {
        if (served.ReadTree() is not { } status)
            return;
        ServedTree now = ServedTree.Of(status, served.PortNumbers);
        if (_tree == $"{now}")
            return;
        _tree = $"{now}";
        terminal.Out.WriteLine(json ? JsonSerializer.Serialize(now, CliJson.Line.ServedTree) : _tree);
    }

    /// <summary>The counters.</summary>
    public void Statistics(StandaloneSwitch served)
    {
        ServedPortStatistics[] ports = [.. served.Ports.Select(ServedPortStatistics.Of)];
        Dictionary<string, long> drops = ServedPortStatistics.Drops(served.Counters.Drops);
        if (json)
        {
            terminal.Out.WriteLine(JsonSerializer.Serialize(
                new ServedStatistics("stats", served.Counters.Forwarded, served.Counters.Flooded, served.Counters.Learned, drops, ports), CliJson.Line.ServedStatistics));
            return;
        }

        terminal.WriteTable(
            ["PORT", "RX FRAMES", "RX BYTES", "TX FRAMES", "TX BYTES", "RX DROPS", "TX DROPS"],
            ports.Select(port => (string[])
            [
                port.Name, $"{port.ReceivedFrames}", $"{port.ReceivedBytes}", $"{port.TransmittedFrames}", $"{port.TransmittedBytes}", Text(port.ReceiveDrops), Text(port.TransmitDrops),
            ]));
        terminal.Out.WriteLine($"switch: {served.Counters.Forwarded} forwarded, {served.Counters.Flooded} flooded, {served.Counters.Learned} addresses learned, drops: {Text(drops)}");
    }

    private void Print(ServedPort port)
    {
        if (json)
        {
            terminal.Out.WriteLine(JsonSerializer.Serialize(port, CliJson.Line.ServedPort));
            return;
        }

        string place = port.Namespace is null ? "" : $" in namespace {port.Namespace}";
        string address = port.Address is null ? "" : $", {port.Address}";
        string queues = port.Queues == 1 ? "" : $", {port.Queues} queues";
        terminal.Out.WriteLine($"  {port.Kind,-9} {port.Name}{place}{address}{queues}, offloads: {(port.Offloads is [] ? "none" : string.Join(' ', port.Offloads))}");
    }

    private static string[] Names(FrameOffloads offloads) => [.. Enum.GetValues<FrameOffloads>().Where(one => int.IsPow2((int)one) && offloads.HasFlag(one)).Select(one => one.ToString())];

    private static string Text(IReadOnlyDictionary<string, long> drops) =>
        drops.Count == 0 ? "0" : string.Join(' ', drops.Select(drop => $"{drop.Key}={drop.Value}"));
}
