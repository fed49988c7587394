using Fabric.Switch.Multicast;
using Fabric.Switch.Snooping;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Switch.Tests.Snooping;

/// <summary>A snooper with ports, in virtual time, and the queries it sends.</summary>
internal sealed class SnooperBench : IMulticastControl
{
    internal const string QuerierV4 = "10.0.0.254";
    internal const string QuerierV6 = "fe80::fe";

    internal static readonly VlanSnooping AsQuerier = new() { QuerierV4 = Parse(QuerierV4), QuerierV6 = Parse(QuerierV6) };
    private readonly ManualTimeProvider _time = new();
    private readonly int _vlan;

    internal SnooperBench(VlanSnooping? options = null, int ports = 4, SnoopingOptions? limits = null, int vlan = 0)
    {
        _vlan = vlan;
        Snooper = new MulticastSnooper(this, MacAddress.FromBits(0xFE_00_00_00_00_02), _time, limits);
        for (int port = 0; port < ports; port++)
            Snooper.AddPort(port);
        Snooper.Enable(vlan, options);
    }

    internal MulticastSnooper Snooper { get; }

    internal List<(int Port, byte[] Frame)> Sent { get; } = [];

    internal static IpAddress Parse(string address)
    {
        Assert.True(IpAddress.TryParse(address, out IpAddress parsed));
        return parsed;
    }

    /// <summary>Queries for a while, until hosts have had the time to answer.</summary>
    internal SnooperBench Settled()
    {
        Seconds(11);
        Sent.Clear();
        return this;
    }

    internal void Seconds(int count)
    {
        for (int i = 0; i < count; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Snooper.Tick();
        }
    }

    /// <summary>Gives it a message as the switch would, and tells where it goes.</summary>
    internal string Give(int port, byte[] frame)
    {
        Assert.Equal(SnoopVerdict.Message, Snooper.Find(port, _vlan, frame.AsSpan(12, Math.Min(64, frame.Length - 12)), out _));
        SnoopVerdict verdict = Snooper.Receive(port, _vlan, frame.AsSpan(12), out ReadOnlySpan<int> ports);
        return Describe(verdict, ports);
    }

    /// <summary>Tells where a frame of a group goes.</summary>
    internal string To(int port, string source, string group)
    {
        byte[] frame = GroupPackets.Data(source, group);
        SnoopVerdict verdict = Snooper.Find(port, _vlan, frame.AsSpan(12), out ReadOnlySpan<int> ports);
        return Describe(verdict, ports);
    }

    internal string Groups() => string.Join("; ", Snooper.ReadStatus().Groups.Select(Describe));

    internal SnoopedLink Link(bool isV4 = true) => Snooper.ReadStatus().Links.Single(link => link.IsV4 == isV4);

    /// <summary>The queries sent since last asked: port, group and sources.</summary>
    internal string TakeQueries()
    {
        string text = string.Join("; ", Sent.Select(sent => Describe(sent.Port, sent.Frame)));
        Sent.Clear();
        return text;
    }

    void IMulticastControl.Transmit(int port, int vlan, ReadOnlySpan<byte> frame) => Sent.Add((port, frame.ToArray()));

    void IMulticastControl.Flood(int vlan, ReadOnlySpan<byte> frame) => Sent.Add((-1, frame.ToArray()));

    private static string Describe(SnoopVerdict verdict, ReadOnlySpan<int> ports) => verdict switch
    {
        SnoopVerdict.Flood => "all",
        SnoopVerdict.Ports => $"[{string.Join(' ', ports.ToArray().Distinct().Order())}]",
        SnoopVerdict.Routers => $"routers [{string.Join(' ', ports.ToArray().Distinct().Order())}]",
        _ => verdict.ToString(),
    };

    private static string Describe(GroupEntry entry)
    {
        string wanted = string.Join(' ', entry.Wanted.Select(source => $"+{source}").Order(StringComparer.Ordinal));
        string blocked = string.Join(' ', entry.Blocked.Select(source => $"-{source}").Order(StringComparer.Ordinal));
        return $"{entry.Port}:{entry.Group} {(entry.IsExclude ? "EX" : "IN")} {wanted}{blocked}".TrimEnd();
    }

    private static string Describe(int port, byte[] frame)
    {
        Assert.True(EthernetView.TryParse(frame, out EthernetView ethernet));
        bool isV4 = ethernet.EtherType == EtherType.Ipv4;
        int at = 14 + (isV4 ? 24 : 48);
        Assert.True(GroupMessageView.TryParse(frame.AsSpan(at), isV4, out GroupMessageView query));
        Assert.Equal(GroupMessageKind.Query, query.Kind);
        List<string> sources = [];
        for (int i = 0; i < query.Sources.Count; i++)
            sources.Add($" {query.Sources[i]}");
        return $"{(port < 0 ? "all" : $"{port}")}:{query.Group}{string.Concat(sources)}";
    }
}
