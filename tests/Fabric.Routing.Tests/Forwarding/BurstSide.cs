using Fabric.Link;
using Fabric.Routing.Acl;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Tests.Kit;
using Fabric.TestKit.Link;
using Fabric.Wire;
using static Fabric.Routing.Tests.Kit.RoutedNetwork;

namespace Fabric.Routing.Tests.Forwarding;

/// <summary>A router with two plain cables, one with a VLAN, past whose end an access list stands, and one without addresses, whose going
/// down changes no route; gateways and hosts behind each, equal paths over them.</summary>
internal sealed class BurstSide : IDisposable
{
    internal const int Cables = 4;
    internal const int Trunk = 2;
    internal const int Station = 90;
    internal const int Changes = 12;
    internal const int Numbers = 8;
    internal const int FirstHost = 20;
    private const int Bare = 3;
    private const int List = 2;
    private readonly RoutedNetwork _network = new() { Step = TimeSpan.FromMilliseconds(250) };
    private readonly MemoryLink[] _cables = [new("a", "r.a"), new("b", "r.b"), new("c", "r.c"), new("d", "r.d")];
    private readonly AccessList _list = new("out",
    [
        new() { Action = AccessAction.Deny, ToPorts = new PortRange(3, 5) },
        new() { Action = AccessAction.Reject, Protocol = IpProtocol.Udp, ToPorts = new PortRange(6, 7) },
    ], AccessAction.Permit);

    private readonly Forgetful? _forgetful;
    private readonly IFrameSink _sink;

    /// <summary>Makes a side.</summary>
    /// <param name="pieces">Where to cut each frame that comes alone; null to take bursts whole.</param>
    internal BurstSide(Random? pieces)
    {
        Router = _network.AddRouter("r", new RouterOptions { Name = "r", Seed = 1, ErrorsPerSecond = 1e6 });
        for (int i = 0; i < Cables; i++)
            Attach(i);
        SetEqualPaths(0);
        Router.AddRoute(new Route(Prefix("40.0.0.0/8"), RouteSource.Static, 1, 0, 0, RouteKind.Prohibited, []));
        foreach (MemoryLink cable in _cables)
            cable.First.ReceiveAll();
        _forgetful = pieces is null ? null : new Forgetful(Router);
        _sink = _forgetful is null ? Router : new SplittingSink(_forgetful, length => pieces!.Next(1, length));
    }

    internal Router Router { get; }

    internal RouterCounters Counters
    {
        get
        {
            if (_forgetful is null)
                return Router.Counters;
            Tally sum = new();
            sum.Add(_forgetful.Tally);
            sum.Add(Router.Control.Tally);
            return sum.Snapshot();
        }
    }

    internal long[] Hits => [.. Enumerable.Range(0, List + 1).Select(_list.Hits)];

    /// <summary>Takes frames through.</summary>
    /// <returns>For each cable, the frames forwarded to it in their order, and how many others there were.</returns>
    internal List<string>[] Take(int cable, params byte[][] frames)
    {
        _cables[cable].First.SendBurst(frames);
        _cables[cable].Second.Receive(_sink);
        return [.. _cables.Select(Forwarded)];
    }

    internal void Change(int kind, int link, int number, int mac)
    {
        switch (kind)
        {
            case 0:
                Router.AddNeighbor(link, Address($"10.{link}.0.9"), MacOf(mac));
                break;
            case 1:
                AddStatic(Router, $"20.{number % 6}.0.0/16", link, $"10.{link}.0.9");
                break;
            case 2:
                AddStatic(Router, $"2001:db8:{20 + (number % 6)}::/48", link, $"2001:db8:{link}::9");
                break;
            case 3:
                Router.RemoveRoute(RouteSource.Static, Prefix($"20.{number % 6}.0.0/16"));
                break;
            case 4:
                SetEqualPaths(number);
                break;
            case 5:
                Router.AddNeighbor(link, Address($"{(number < 4 ? "10" : "31")}.{(number < 4 ? link : 0)}.0.{FirstHost + number}"), MacOf(mac));
                break;
            case 6 or 7:
                Tell(link, Arp(link, number, mac, isAnswer: kind == 6));
                break;
            case 8:
                Tell(link, Advertisement(link, number, mac));
                break;
            case 9:
                _network.Run(number * number);
                break;
            default:
                _cables[link].SetUp(number >= Numbers / 2);
                _network.Run(0.5);
                break;
        }
    }

    public void Dispose()
    {
        _network.Dispose();
        foreach (MemoryLink cable in _cables)
            cable.Dispose();
    }

    private void Attach(int i)
    {
        Router.Attach(_cables[i].Second, new()
        {
            Name = $"r.{i}", Mac = MacOf(i + 1), Vlan = i == Trunk ? 7 : null, Mtu = i == 1 ? 1280 : 1500, AccessOut = i == Trunk ? _list : null,
            Addresses = i == Bare ? [] : [Prefix($"10.{i}.0.1/24"), Prefix($"2001:db8:{i}::1/64")], UseV6 = i != Bare,
        });
        Router.AddNeighbor(i, Address($"10.{i}.0.9"), MacOf(Station));
        Router.AddNeighbor(i, Address($"2001:db8:{i}::9"), MacOf(Station + 1 + i));
        for (int host = 0; host < Numbers / 2; host++)
        {
            Router.AddNeighbor(i, Address($"10.{i}.0.{FirstHost + host}"), MacOf(50 + host));
            Router.AddNeighbor(i, Address($"2001:db8:{i}::{FirstHost + host}"), MacOf(60 + host));
        }

        Router.AddNeighbor(i, Address($"32.{i}.0.7"), MacOf(70 + i));
        Router.AddRoute(new Route(Prefix($"32.{i}.0.0/16"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [new NextHop(i, IpAddress.AnyV4)]));
        AddStatic(Router, $"20.{i}.0.0/16", i, $"10.{i}.0.9");
        AddStatic(Router, $"20.{i + 3}.0.0/16", i, $"10.{i}.0.9");
        AddStatic(Router, $"2001:db8:{20 + i}::/48", i, $"2001:db8:{i}::9");
        AddStatic(Router, $"2001:db8:{23 + i}::/48", i, $"2001:db8:{i}::9");
    }

    /// <summary>Paths of equal cost over some of the cables; over a second one of IPv4 by the side of stations on the link.</summary>
    private void SetEqualPaths(int number)
    {
        int[] links = (number % 4) switch { 0 => [0, 1], 1 => [0, 1, 2], 2 => [2, 1], _ => [1] };
        NextHop[] v4 = [.. links.Select(link => new NextHop(link, Address($"10.{link}.0.9"))), .. number < 4 ? [] : new[] { new NextHop(links[0], Address($"10.{links[0]}.0.{FirstHost + 5}")) }];
        NextHop[] v6 = [.. links.Select(link => new NextHop(link, Address($"2001:db8:{link}::9")))];
        Router.AddRoute(new Route(Prefix("30.0.0.0/8"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, v4));
        Router.AddRoute(new Route(Prefix("31.0.0.0/8"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, [.. v4, new NextHop(2, IpAddress.AnyV4)]));
        Router.AddRoute(new Route(Prefix("2001:db8:30::/48"), RouteSource.Static, 1, 0, 0, RouteKind.Unicast, v6));
    }

    /// <summary>Has a station tell of itself. What waited for it leaves, and is looked at with the next burst.</summary>
    private void Tell(int link, byte[] message)
    {
        byte[] tag = link == Trunk ? [0x81, 0, 0, 7] : [];
        byte[] frame = [.. TestFrames.Station(link + 1), .. TestFrames.Station(Station), .. tag, .. message];
        _cables[link].First.Send(frame);
        _cables[link].Second.Receive(_sink);
    }

    private static byte[] Arp(int link, int number, int mac, bool isAnswer)
    {
        byte[] arp = new byte[2 + ArpView.Length];
        (arp[0], arp[1]) = (8, 6);
        ArpView.Write(
            arp.AsSpan(2), isAnswer ? ArpOperation.Reply : ArpOperation.Request, MacOf(mac), Address($"10.{link}.0.{FirstHost + number}"), MacOf(link + 1), Address($"10.{link}.0.1"));
        return arp;
    }

    private static byte[] Advertisement(int link, int number, int mac)
    {
        IpAddress from = Address($"2001:db8:{link}::{FirstHost + number}");
        IpAddress to = Address($"2001:db8:{link}::1");
        byte[] packet = new byte[2 + Ipv6View.MinHeaderLength + 32];
        (packet[0], packet[1]) = (0x86, 0xDD);
        Span<byte> message = packet.AsSpan(2 + Ipv6View.MinHeaderLength);
        NeighborView.Write(message, Icmpv6Type.NeighborAdvertisement, mac % 3 == 0 ? 0x2000_0000U : 0x6000_0000, from, MacOf(mac));
        HeaderWriter.StoreChecksum(message, from, to, IpProtocol.IcmpV6);
        HeaderWriter.V6(packet.AsSpan(2), from, to, IpProtocol.IcmpV6, message.Length, 255);
        return packet;
    }

    private static List<string> Forwarded(MemoryLink cable)
    {
        List<byte[]> all = [.. cable.First.ReceiveAll().Select(frame => frame.Bytes)];
        List<byte[]> forwarded = all.FindAll(frame => !IsOwn(frame));
        return [.. forwarded.Select(Convert.ToHexString), $"and {all.Count - forwarded.Count}"];
    }

    /// <summary>The router's own packets: errors, questions.</summary>
    private static bool IsOwn(byte[] frame)
    {
        int header = frame[12] == 0x81 ? 18 : 14;
        return frame[header - 2] switch { 0x86 => frame[header + 6] != (byte)IpProtocol.Udp, 8 => frame[header - 1] != 0 || frame[header + 9] != (byte)IpProtocol.Udp, _ => true };
    }

    /// <summary>A data path without a past: each frame meets a new one.</summary>
    private sealed class Forgetful(Router router) : IFrameSink
    {
        internal Tally Tally { get; } = new();

        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
            PortPath path = new(router, port);
            foreach (LogicalInterface link in router.Control.Links.Where(link => link.Port == port))
                path.Add(link);
            path.Accept(frames);
            Tally.Add(path.Tally);
        }
    }
}
