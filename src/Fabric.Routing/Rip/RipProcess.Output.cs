using Fabric.Routing.Protocols;
using Fabric.Wire;

namespace Fabric.Routing.Rip;

/// <content>Packets sent.</content>
public sealed partial class RipProcess
{
    private const int UdpAndV4 = 28;
    private const int UdpAndV6 = 48;
    private const int MaxSigned = 512;
    private const byte SecondVersion = 2;

    // FRR's ripngd has room for half a dozen packets of an Ethernet's size.
    private const int Burst = 7500;
    private const long Gap = 10_000_000;
    private const int MaxSendings = 32;
    private byte[] _scratch = new byte[MaxSigned];

    /// <summary>Tells all links what has changed; those whose regular update is due are told by that.</summary>
    private void SendTriggered(long now)
    {
        _trigger = long.MaxValue;
        int[] places = [.. _changed];
        foreach (int place in places)
            _table[place].IsChanged = false;
        _changed.Clear();
        foreach (RipLink link in _links)
        {
            if (link.NextUpdate <= now || link.NextUpdate == long.MaxValue)
                continue;
            link.Counters.Trigger();
            SendUpdate(link, places);
        }
    }

    /// <summary>Tells a link of all routes, or of those at certain places.</summary>
    private void SendUpdate(RipLink link, int[]? places)
    {
        if (!link.IsActive || link.Interface.IsLoopback || !Speaks(link))
            return;
        if (!link.Options.Passive)
        {
            foreach (RipTarget target in Targets(link))
                Enqueue(link, target, places);
        }

        foreach (IpAddress neighbor in _options.Neighbors)
        {
            if (IsNear(link, neighbor) && SourceTowards(link, neighbor) is { } source)
                Enqueue(link, new RipTarget(source, neighbor, Port, Highest(link)), places);
        }
    }

    /// <summary>Sends something as soon as what is before it has been sent.</summary>
    /// <returns>False when too much is.</returns>
    private bool Enqueue(RipLink link, in RipTarget target, int[]? places)
    {
        if (link.Sendings.Count >= MaxSendings)
            return false;
        link.Sendings.Enqueue(new RipSending(target, places));
        if (link.Resume == long.MaxValue)
            Pump(link, Burst);
        return true;
    }

    /// <summary>Sends so many octets of what is to be sent, and the rest later.</summary>
    private void Pump(RipLink link, int octets)
    {
        while (link.Sendings.TryPeek(out RipSending? sending))
        {
            if (!SendTable(link, sending, ref octets))
            {
                link.Resume = _host.Now + Gap;
                return;
            }

            link.Sendings.Dequeue();
        }

        link.Resume = long.MaxValue;
    }

    /// <summary>Asks everybody on the link, and the neighbours by name, for all they know (RFC 2453, 3.9.1).</summary>
    private void SendRequest(RipLink link)
    {
        if (!Speaks(link))
            return;
        List<RipTarget> targets = link.Options.Passive ? [] : Targets(link);
        foreach (IpAddress neighbor in _options.Neighbors)
        {
            if (IsNear(link, neighbor) && SourceTowards(link, neighbor) is { } source)
                targets.Add(new RipTarget(source, neighbor, Port, Highest(link)));
        }

        foreach (RipTarget target in targets)
        {
            if (!TryBegin(link, target, RipCommand.Request, out RipWriter writer, out RipKey? key))
                continue;
            writer.AddWholeTable();
            Send(link, target, ref writer, key);
        }
    }

    /// <summary>The groups of a link: one speaker for each of its networks, for those there take what comes from their own network only.</summary>
    private List<RipTarget> Targets(RipLink link)
    {
        if (_options.IsNg)
            return link.Interface.LinkLocal is { } local ? [new RipTarget(local.Address, RipView.GroupNg, Port, RipVersions.V2)] : [];
        List<RipTarget> targets = [];
        RipVersions versions = link.Options.Send;
        foreach (IpPrefix own in link.Interface.Addresses)
        {
            if (!own.IsV4 || SourceTowards(link, own.Address) != own.Address)
                continue;
            IpAddress broadcast = own.Length >= 31 ? IpAddress.BroadcastV4 : IpAddress.FromV4(own.Network.Address.V4 | (uint.MaxValue >> own.Length));
            if (versions.HasFlag(RipVersions.V1))
                targets.Add(new RipTarget(own.Address, broadcast, Port, RipVersions.V1));
            if (versions.HasFlag(RipVersions.V2))
                targets.Add(new RipTarget(own.Address, link.Options.Broadcast ? broadcast : RipView.Group, Port, RipVersions.V2));
        }

        return targets;
    }

    private static RipVersions Highest(RipLink link) => link.Options.Send == RipVersions.V1 ? RipVersions.V1 : RipVersions.V2;

    /// <summary>The address to speak to another from: the one in the same network.</summary>
    private IpAddress? SourceTowards(RipLink link, IpAddress other) => NetworkTowards(link, other)?.Address;

    /// <summary>Our address and network that another is in; else the first.</summary>
    private IpPrefix? NetworkTowards(RipLink link, IpAddress other)
    {
        foreach (IpPrefix own in link.Interface.Addresses)
        {
            if (own.Contains(other))
                return own;
        }

        return _options.IsNg ? link.Interface.LinkLocal : link.Interface.V4;
    }

    /// <summary>Sends the table, or parts of it, as the link is to see it: split horizon, distribute lists, offsets.</summary>
    /// <returns>False when the octets did not suffice: there is more to send.</returns>
    private bool SendTable(RipLink link, RipSending sending, ref int octets)
    {
        RipTarget target = sending.Target;
        if (!TryBegin(link, target, RipCommand.Response, out RipWriter writer, out RipKey? key))
            return true;
        // Version 1 goes out at once: its summary is made once.
        Dictionary<uint, byte>? summary = target.Version == RipVersions.V1 && !_options.IsNg ? Summarize(link) : null;
        int empty = writer.Length;
        IpAddress hop = IpAddress.AnyV6;
        int end = sending.Places?.Length ?? _table.End;
        for (; sending.Next < end; sending.Next++)
        {
            ref RipRoute route = ref _table[sending.Places == null ? sending.Next : sending.Places[sending.Next]];
            if (!route.IsUsed || !IsToldOn(link, route, out byte metric))
                continue;
            IpAddress gateway = metric == RipView.Infinity ? default : ThirdParty(link, route);
            if (writer.Left < (_options.IsNg && gateway != hop ? 2 : 1))
            {
                octets -= writer.Length;
                Send(link, target, ref writer, key);
                if (octets <= 0 && summary == null)
                    return false;
                if (!TryBegin(link, target, RipCommand.Response, out writer, out key))
                    return true;
                hop = IpAddress.AnyV6;
            }

            if (_options.IsNg)
                AddNg(ref writer, route, metric, gateway, ref hop);
            else if (summary != null)
                AddV1(ref writer, NetworkTowards(link, target.Source)!.Value, route, metric, summary);
            else
                writer.Add(route.Address.V4, Mask(route.Length), route.Tag, gateway.V4, metric);
        }

        if (writer.Length > empty)
            Send(link, target, ref writer, key);
        octets -= writer.Length;
        return true;
    }

    private static void AddNg(ref RipWriter writer, in RipRoute route, byte metric, IpAddress gateway, ref IpAddress hop)
    {
        if (gateway != hop)
            writer.AddNextHopNg(gateway);
        hop = gateway;
        writer.AddNg(route.Address, route.Length, route.Tag, metric);
    }

    /// <summary>Version 1 knows no masks: within a network go its subnets of the speaker's own mask and hosts, beyond it the network as a
    /// whole, once (RFC 1058, 3.2; RFC 2453, 3.7).</summary>
    private static void AddV1(ref RipWriter writer, IpPrefix own, in RipRoute route, byte metric, Dictionary<uint, byte> summary)
    {
        int length = Classful.Length(route.Address.V4);
        if (length != 0 && Classful.Length(own.Address.V4) == length && route.Address.IsInPrefix(own.Address, length) && route.Length > length)
        {
            if (route.Length == own.Length || route.Length == 32)
                writer.AddV1(route.Address.V4, metric);
        }
        else if (route.Length >= length)
        {
            uint network = route.Address.V4 & Mask(length);
            if (summary.Remove(network, out byte best))
                writer.AddV1(network, best);
        }
    }

    /// <summary>The best metric of each network as a whole.</summary>
    private Dictionary<uint, byte> Summarize(RipLink link)
    {
        Dictionary<uint, byte> best = [];
        foreach (ref RipRoute route in _table.Routes)
        {
            if (!route.IsUsed || !IsToldOn(link, route, out byte metric))
                continue;
            uint network = route.Address.V4 & Mask(Classful.Length(route.Address.V4));
            best[network] = best.TryGetValue(network, out byte other) ? Math.Min(other, metric) : metric;
        }

        return best;
    }

    /// <summary>Whether a link is told of a route, and with which metric.</summary>
    private bool IsToldOn(RipLink link, in RipRoute route, out byte metric)
    {
        metric = route.Metric;
        RipInterfaceOptions options = link.Options;
        if (options.SplitHorizon != RipSplitHorizon.Off && route.FirstPath != RipTable.None && IsFrom(link.Index, route))
        {
            if (options.SplitHorizon == RipSplitHorizon.Simple)
                return false;
            metric = RipView.Infinity;
        }

        if ((options.Announces != null && !options.Announces(route.Prefix)) || (_options.Announces != null && !_options.Announces(route.Prefix)))
            return false;
        if (options.OffsetsOut.Count != 0 || _options.OffsetsOut.Count != 0)
            metric = Offset(metric, route.Prefix, options.OffsetsOut, _options.OffsetsOut);
        return true;
    }

    private bool IsFrom(int link, in RipRoute route)
    {
        if (route.Origin is RipOrigin.Redistributed or RipOrigin.Default)
            return false;
        for (int path = route.FirstPath; path != RipTable.None; path = _table.Path(path).Next)
        {
            if (_table.Path(path).Interface == link)
                return true;
        }

        return false;
    }

    /// <summary>The next hop to tell of: the route's own where that is on this very link (RFC 2453, 4.4; RFC 2080, 2.1.1), else
    /// none.</summary>
    private IpAddress ThirdParty(RipLink link, in RipRoute route)
    {
        if (route.FirstPath == RipTable.None || _table.Path(route.FirstPath).Interface != link.Index)
            return default;
        IpAddress gateway = _table.Path(route.FirstPath).Gateway;
        bool tellable = !gateway.IsUnspecified && IsNear(link, gateway) && (!_options.IsNg || gateway.IsLinkLocal);
        return tellable ? gateway : default;
    }

    /// <summary>Answers a request for certain networks: what the table says, without split horizon (RFC 2453, 3.9.1).</summary>
    private void Answer(RipLink link, in RipTarget target, in RipView request)
    {
        if (request.Count == 0 || !TryBegin(link, target, RipCommand.Response, out RipWriter writer, out RipKey? key))
            return;
        int empty = writer.Length;
        for (int i = 0; i < request.Count; i++)
        {
            if (writer.Left == 0)
            {
                Send(link, target, ref writer, key);
                if (!TryBegin(link, target, RipCommand.Response, out writer, out key))
                    return;
            }

            if (_options.IsNg)
                AnswerNg(ref writer, request.EntryNg(i));
            else
                AnswerV4(ref writer, link, request.Entry(i), target);
        }

        if (writer.Length > empty)
            Send(link, target, ref writer, key);
    }

    private void AnswerV4(ref RipWriter writer, RipLink link, in RipEntryView entry, in RipTarget target)
    {
        if (entry.Family != RipEntryView.FamilyV4)
        {
            link.Counters.Drop(RipDrop.Family);
            return;
        }

        int length = target.Version == RipVersions.V1 ? Classful.LengthOf(entry.Address, NetworkTowards(link, target.Destination)) : entry.Length;
        int place = length < 0 ? RipTable.None : _table.Find(IpAddress.FromV4(entry.Address), length);
        byte metric = place == RipTable.None ? RipView.Infinity : _table[place].Metric;
        if (target.Version == RipVersions.V1)
            writer.AddV1(entry.Address, metric);
        else
            writer.Add(entry.Address, entry.Mask, place == RipTable.None ? entry.Tag : _table[place].Tag, 0, metric);
    }

    private void AnswerNg(ref RipWriter writer, in RipngEntryView entry)
    {
        if (entry.Metric == RipngEntryView.NextHopMetric)
            return;
        int place = _table.Find(entry.Address, entry.Length);
        if (place == RipTable.None)
            writer.AddNg(entry.Address, entry.Length, entry.Tag, RipView.Infinity);
        else
            writer.AddNg(entry.Address, entry.Length, _table[place].Tag, _table[place].Metric);
    }

    /// <summary>Begins a packet with its authentication.</summary>
    /// <returns>False when the link's packets are too short for a route, or must be authentic and no key has come to its time.</returns>
    private bool TryBegin(RipLink link, in RipTarget target, RipCommand command, out RipWriter writer, out RipKey? key)
    {
        bool first = target.Version == RipVersions.V1 || _options.IsNg;
        IReadOnlyList<RipKey> keys = link.Options.Keys;
        DateTimeOffset date = keys.Count == 0 || first ? default : _calendar.GetUtcNow();
        key = keys.Count == 0 || first ? null : RipSignature.ToSend(keys, date);
        int digest = key == null ? 0 : RipSignature.DigestLength(key.Algorithm);
        int room = RipView.HeaderLength + (RipView.MaxEntries * RipView.EntryLength);
        // A digest is paid for with routes: FRR reads no more than 512 octets, BIRD 532 (RFC 1058, 3.1).
        if (digest != 0)
            room = MaxSigned;
        room = _options.IsNg ? link.Interface.Mtu - UdpAndV6 : Math.Min(room, link.Interface.Mtu - UdpAndV4);
        if (room < RipView.HeaderLength + RipView.EntryLength || (key == null && keys.Count != 0 && !_options.IsNg))
        {
            writer = default;
            return false;
        }

        if (room > _scratch.Length)
            _scratch = new byte[room];
        writer = new RipWriter(_scratch.AsSpan(0, room), command, first ? FirstVersion : SecondVersion);
        if (digest != 0)
            writer.AddSignature(key!.Id, digest, link.Sequence = Math.Max(link.Sequence, (uint)date.ToUnixTimeSeconds()));
        else if (key != null)
            writer.AddPassword(key.Secret.Span);
        return writer.Left > 0;
    }

    private void Send(RipLink link, in RipTarget target, ref RipWriter writer, RipKey? key)
    {
        Span<byte> packet = _scratch.AsSpan(0, writer.Finish());
        if (key != null && RipSignature.DigestLength(key.Algorithm) != 0)
            RipSignature.Sign(key, packet);
        Datagram datagram = new(link.Index, target.Source, Port, target.Destination, target.Port, ValidHopLimit, packet);
        if (_options.IsNg ? _host.Send(datagram) : _host.Send(new Datagram(link.Index, target.Source, Port, target.Destination, target.Port, HopLimitOf(target), packet)))
            link.Counters.Send();
    }

    // Group and broadcast packets stay on the link.
    private static byte HopLimitOf(in RipTarget target) => (byte)(target.Destination.IsMulticast ? 1 : 64);

    private static uint Mask(int length) => length == 0 ? 0 : uint.MaxValue << (32 - length);
}
