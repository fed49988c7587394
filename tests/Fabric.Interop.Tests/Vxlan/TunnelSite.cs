using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Taps;
using Fabric.Overlay;
using Fabric.Overlay.Underlays;
using Fabric.Switch;
using Fabric.Wire;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>Our side of a tunnel: hosts in namespaces behind TAPs of a switch, and a VTEP whose underlay is in a namespace of its own.</summary>
internal sealed class TunnelSite : IDisposable
{
    private readonly PortWorker _worker = new("vxlan");
    private readonly List<TapPort> _taps = [];
    private readonly List<TestNamespace> _hosts = [];

    public TunnelSite(TestNamespace underlay, string local, int vni, UdpUnderlayOptions? options = null, SegmentOptions? segment = null)
    {
        _ = IpAddress.TryParse(local, out IpAddress address);
        Vtep = new Vtep("vtep", UdpUnderlay.Open((options ?? new UdpUnderlayOptions(address)) with { Local = address, Namespace = underlay.Name }), TimeProvider.System);
        Segment = Vtep.AddSegment(vni, "tunnel", segment);
        Switch.Attach(Segment);
        Segment.DeliverTo(Switch);
        _worker.Add(Vtep.Receiver, Vtep.Receiver);
    }

    public EthernetSwitch Switch { get; } = new("site", TimeProvider.System);

    public Vtep Vtep { get; }

    public VxlanPort Segment { get; }

    public void AddRemote(string address)
    {
        _ = IpAddress.TryParse(address, out IpAddress remote);
        Vtep.AddRemote(Segment, remote);
    }

    /// <summary>Makes a host with the MTU that the segment tells.</summary>
    public TestNamespace AddHost(string address, MacAddress? mac = null)
    {
        TestNamespace host = new();
        _hosts.Add(host);
        Attach(host, address, mac);
        return host;
    }

    /// <summary>Gives a namespace an interface of the switch.</summary>
    public TapPort Attach(TestNamespace host, string address, MacAddress? mac = null)
    {
        TapPort tap = TapPort.Open("eth0", new TapOptions("eth0") { Namespace = host.Name, Mtu = Segment.Mtu, Mac = mac });
        _taps.Add(tap);
        Switch.Attach(tap);
        _worker.Add(tap, Switch);
        host.Ip("addr", "add", address, "dev", "eth0");
        return tap;
    }

    /// <summary>What was counted, for the message of a failure.</summary>
    public string Describe() => $"mtu {Segment.Mtu}; receiver {Describe(Vtep.Receiver.Counters)}; segment {Describe(Segment.Counters)}; taps {string.Join("; ", _taps.Select(tap => Describe(tap.Counters)))}";

    private static string Describe(PortCounters counters) => $"in {counters.ReceivedFrames}, out {counters.TransmittedFrames}, dropped " + string.Join(", ", Enum.GetValues<DropReason>()
        .Where(reason => counters.ReceiveDrops(reason) + counters.TransmitDrops(reason) != 0)
        .Select(reason => $"{reason} {counters.ReceiveDrops(reason)}/{counters.TransmitDrops(reason)}"));

    public void Dispose()
    {
        _worker.Dispose();
        Switch.Dispose();
        Vtep.Dispose();
        foreach (TapPort tap in _taps)
            tap.Dispose();
        foreach (TestNamespace host in _hosts)
            host.Dispose();
    }
}
