using System.Numerics;
using Fabric.Routing.Protocols;
using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <content>Packets received.</content>
public sealed partial class RipProcess
{
    private const byte ValidHopLimit = 255;
    private const byte FirstVersion = 1;

    /// <inheritdoc/>
    public void Accept(in Datagram datagram)
    {
        if (!_running || !_byIndex.TryGetValue(datagram.Interface, out RipLink? link))
            return;
        link.Counters.Receive();
        RipDrop? drop = Read(link, datagram);
        if (drop is not { } reason)
            return;
        link.Counters.Drop(reason);
        if (link.Neighbors.TryGetValue(datagram.Source, out RipNeighbor? neighbor))
        {
            neighbor.Counters.Receive();
            neighbor.Counters.Drop(reason);
        }
    }

    private RipDrop? Read(RipLink link, in Datagram datagram)
    {
        if (!link.IsActive || link.Interface.IsLoopback)
            return RipDrop.Disabled;
        if (!(_options.IsNg ? RipView.TryParseNg(datagram.Payload, out RipView packet) : RipView.TryParse(datagram.Payload, out packet)))
            return RipDrop.Malformed;
        if (CheckVersion(link, packet) is { } wrong)
            return wrong;
        if (IsOwn(datagram.Source))
            return RipDrop.Own;
        return packet.Command switch
        {
            RipCommand.Request => ReadRequest(link, packet, datagram),
            RipCommand.Response => ReadResponse(link, packet, datagram),
            _ => RipDrop.Command,
        };
    }

    private RipDrop? CheckVersion(RipLink link, in RipView packet)
    {
        if (_options.IsNg)
            return packet.Version == FirstVersion ? null : RipDrop.Version;
        // Versions above 2 are read as 2 (RFC 2453, 4.6).
        RipVersions version = packet.Version switch { 0 => RipVersions.None, FirstVersion => RipVersions.V1, _ => RipVersions.V2 };
        if ((version & link.Options.Receive) == RipVersions.None)
            return RipDrop.Version;
        return version == RipVersions.V1 && packet.Unused != 0 ? RipDrop.NotZero : null;
    }

    /// <summary>Whom RIP listens to at all: routers of the link (RFC 2453, 3.9.2; RFC 2080, 2.4.2).</summary>
    private RipDrop? CheckSender(RipLink link, in Datagram datagram)
    {
        if (_options.IsNg && datagram.HopLimit != ValidHopLimit)
            return RipDrop.HopLimit;
        bool near = _options.IsNg ? datagram.Source.IsLinkLocal && !datagram.Source.IsV4 : IsNear(link, datagram.Source);
        return near ? null : RipDrop.OffLink;
    }

    private RipDrop? CheckAuthentic(RipLink link, in RipView packet, IpAddress source)
    {
        if (_options.IsNg)
            return null;
        if (RipSignature.Check(packet, link.Options.Keys, _calendar.GetUtcNow()) is { } wrong)
            return wrong;
        if (packet.Authentication != RipAuthenticationType.Cryptographic || !link.Neighbors.TryGetValue(source, out RipNeighbor? neighbor))
            return null;
        // Who has been silent for a route's life may have begun anew (RFC 4822, 3.2.2).
        bool silent = _host.Now - neighbor.Heard >= link.Timeout;
        if (neighbor.Sequence is { } last && packet.Sequence < last && !silent)
            return RipDrop.Replay;
        neighbor.Sequence = packet.Sequence;
        return null;
    }

    private RipDrop? ReadResponse(RipLink link, in RipView packet, in Datagram datagram)
    {
        if (datagram.SourcePort != Port)
            return RipDrop.SourcePort;
        if ((CheckSender(link, datagram) ?? CheckAuthentic(link, packet, datagram.Source)) is { } wrong)
            return wrong;
        if (FindOrAdd(link, datagram.Source) is not { } neighbor)
            return RipDrop.NeighborLimit;
        long now = _host.Now;
        neighbor.Heard = now;
        neighbor.Version = packet.Version;
        if (packet.Authentication == RipAuthenticationType.Cryptographic)
            neighbor.Sequence = packet.Sequence;
        neighbor.Counters.Receive();
        neighbor.Counters.Receive(packet.Count);
        link.Counters.Receive(packet.Count);
        if (_options.IsNg)
            ReadEntriesNg(neighbor, packet, now);
        else
            ReadEntries(neighbor, packet, now);
        return null;
    }

    private RipNeighbor? FindOrAdd(RipLink link, IpAddress address)
    {
        if (link.Neighbors.TryGetValue(address, out RipNeighbor? neighbor))
            return neighbor;
        if (link.Neighbors.Count >= _options.NeighborLimit && !MakeRoom(link))
            return null;
        int number = _neighbors.IndexOf(null);
        if (number < 0)
        {
            number = _neighbors.Count;
            _neighbors.Add(null);
        }

        neighbor = new RipNeighbor(number, link, address, DistanceOf(address));
        _neighbors[number] = neighbor;
        link.Neighbors.Add(address, neighbor);
        return neighbor;
    }

    /// <summary>Forgets a neighbour of no use: without routes, and silent for a route's life.</summary>
    private bool MakeRoom(RipLink link)
    {
        long now = _host.Now;
        foreach (RipNeighbor neighbor in link.Neighbors.Values)
        {
            if (neighbor.Routes != 0 || now - neighbor.Heard < link.Timeout)
                continue;
            Forget(neighbor);
            return true;
        }

        return false;
    }

    private void ReadEntries(RipNeighbor from, in RipView packet, long now)
    {
        bool first = packet.Version == FirstVersion;
        for (int i = 0; i < packet.Count; i++)
        {
            RipEntryView entry = packet.Entry(i);
            if ((CheckEntry(from, entry, first, out int length) ?? Take(from, entry, length, now)) is { } wrong)
                Refuse(from, wrong);
        }
    }

    private static void Refuse(RipNeighbor from, RipDrop reason)
    {
        from.Counters.Drop(reason);
        from.Link.Counters.Drop(reason);
    }

    private RipDrop? CheckEntry(RipNeighbor from, in RipEntryView entry, bool first, out int length)
    {
        length = 0;
        if (entry.Family != RipEntryView.FamilyV4)
            return RipDrop.Family;
        if (entry.Metric - 1 >= RipView.Infinity)
            return RipDrop.Metric;
        uint address = entry.Address;
        if (!first)
        {
            length = entry.Length;
            if (length < 0 || (address & ~entry.Mask) != 0)
                return RipDrop.Mask;
        }
        else
        {
            if (entry.Tag != 0 || entry.Mask != 0 || entry.NextHop != 0)
                return RipDrop.NotZero;
            length = Classful.LengthOf(address, NetworkTowards(from.Link, from.Address));
        }

        // 0/8 but the default, 127/8, classes D and E (RFC 2453, 3.9.2; RFC 1812, 5.3.7).
        uint network = address >> 24;
        return network is 127 or >= 224 || (network == 0 && (address | (uint)length) != 0) ? RipDrop.Martian : null;
    }

    private RipDrop? Take(RipNeighbor from, in RipEntryView entry, int length, long now)
    {
        IpAddress address = IpAddress.FromV4(entry.Address);
        RipLink link = from.Link;
        byte metric = (byte)Math.Min(entry.Metric + link.Options.Cost, RipView.Infinity);
        if (!Admit(link, new IpPrefix(address, length), ref metric))
            return RipDrop.Filtered;
        IpAddress gateway = from.Address;
        if (entry.NextHop != 0)
            gateway = Gateway(link, IpAddress.FromV4(entry.NextHop), gateway, ref metric);
        return Learn(from, address, length, metric, entry.Tag, gateway, now);
    }

    private void ReadEntriesNg(RipNeighbor from, in RipView packet, long now)
    {
        IpAddress gateway = from.Address;
        for (int i = 0; i < packet.Count; i++)
        {
            RipngEntryView entry = packet.EntryNg(i);
            if (entry.Metric == RipngEntryView.NextHopMetric)
            {
                // Another than a link-local one stands for the sender (RFC 2080, 2.1.1).
                gateway = entry.Address.IsLinkLocal && !entry.Address.IsV4 ? entry.Address : from.Address;
                continue;
            }

            if ((CheckEntryNg(entry) ?? TakeNg(from, entry, gateway, now)) is { } wrong)
                Refuse(from, wrong);
        }
    }

    private static RipDrop? CheckEntryNg(in RipngEntryView entry)
    {
        if (entry.Metric is 0 or > RipView.Infinity)
            return RipDrop.Metric;
        IpAddress address = entry.Address;
        // An IPv4-mapped address never stands on the wire, and would be taken for IPv4 here.
        if (address.IsV4 || address.IsMulticast || address.IsLinkLocal || address.IsLoopback || (address.IsUnspecified && entry.Length != 0))
            return RipDrop.Martian;
        return entry.Length > 128 || new IpPrefix(address, entry.Length).Network.Address != address ? RipDrop.Mask : null;
    }

    private RipDrop? TakeNg(RipNeighbor from, in RipngEntryView entry, IpAddress gateway, long now)
    {
        RipLink link = from.Link;
        byte metric = (byte)Math.Min(entry.Metric + link.Options.Cost, RipView.Infinity);
        if (!Admit(link, new IpPrefix(entry.Address, entry.Length), ref metric))
            return RipDrop.Filtered;
        if (gateway != from.Address)
            gateway = Gateway(link, gateway, from.Address, ref metric);
        return Learn(from, entry.Address, entry.Length, metric, entry.Tag, gateway, now);
    }

    /// <summary>The next hop to use for the one that was told: the sender where it is not on the link (RFC 2453, 4.4). One of the router's
    /// own would send packets in a circle: that is no way.</summary>
    private IpAddress Gateway(RipLink link, IpAddress told, IpAddress sender, ref byte metric)
    {
        if (told.IsMulticast || !IsNear(link, told))
            return sender;
        if (IsOwn(told))
            metric = RipView.Infinity;
        return told;
    }

    /// <summary>Distribute lists and offsets of what is heard.</summary>
    private bool Admit(RipLink link, IpPrefix prefix, ref byte metric)
    {
        RipInterfaceOptions options = link.Options;
        if ((options.Accepts != null && !options.Accepts(prefix)) || (_options.Accepts != null && !_options.Accepts(prefix)))
            return false;
        if (options.OffsetsIn.Count != 0 || _options.OffsetsIn.Count != 0)
            metric = Offset(metric, prefix, options.OffsetsIn, _options.OffsetsIn);
        return true;
    }

    private static byte Offset(byte metric, IpPrefix prefix, IReadOnlyList<RipOffset> own, IReadOnlyList<RipOffset> all)
    {
        foreach (IReadOnlyList<RipOffset> list in (ReadOnlySpan<IReadOnlyList<RipOffset>>)[own, all])
        {
            for (int i = 0; i < list.Count; i++)
            {
                if (list[i].Applies?.Invoke(prefix) ?? true)
                    return (byte)Math.Min(metric + list[i].Amount, RipView.Infinity);
            }
        }

        return metric;
    }

    private RipDrop? ReadRequest(RipLink link, in RipView packet, in Datagram datagram)
    {
        bool router = datagram.SourcePort == Port;
        // A program that asks from another port may be anywhere on the link; a router is checked as for responses.
        if (router || !_options.IsNg)
        {
            if (CheckSender(link, datagram) is { } wrong)
                return wrong;
        }
        else if (!datagram.Source.IsLinkLocal && !IsNear(link, datagram.Source))
        {
            return RipDrop.OffLink;
        }

        if (CheckAuthentic(link, packet, datagram.Source) is { } forged)
            return forged;
        // A silent router keeps its table from other routers, not from those who look for faults (RFC 1058, 3.4.1).
        if (router && link.Options.Passive && !_options.Neighbors.Contains(datagram.Source))
            return RipDrop.Passive;
        if (SourceTowards(link, datagram.Source) is not { } source)
            return null;
        RipVersions version = packet.Version == FirstVersion && !_options.IsNg ? RipVersions.V1 : RipVersions.V2;
        if (!_options.IsNg && (link.Options.Send & version) == RipVersions.None)
            return RipDrop.Version;
        RipTarget target = new(source, datagram.Source, datagram.SourcePort, version);
        if (packet.IsWholeTable)
            return Enqueue(link, target, places: null) ? null : RipDrop.Busy;
        Answer(link, target, packet);
        return null;
    }

    /// <summary>Length of the prefix that a network of version 1 stands for (RFC 1058, 3.2; RFC 2453, 3.7).</summary>
    private static class Classful
    {
        /// <summary>Bits of the class's network; 0 for the default route.</summary>
        internal static int Length(uint address) => (address >> 30) switch
        {
            _ when address == 0 => 0,
            0 or 1 => 8,
            2 => 16,
            _ => 24,
        };

        /// <summary>Bits of an address that came by an interface: a subnet of the interface's own network has its mask; what has bits set
        /// behind that is a host.</summary>
        internal static int LengthOf(uint address, IpPrefix? own)
        {
            int length = Length(address);
            if (own is { } link && length != 0 && Length(link.Address.V4) == length && link.Length > length
                && IpAddress.FromV4(address).IsInPrefix(link.Address, length) && BitOperations.TrailingZeroCount(address) < 32 - length)
                length = link.Length;
            return length != 0 && BitOperations.TrailingZeroCount(address) < 32 - length ? 32 : length;
        }
    }
}
