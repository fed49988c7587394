using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay;

// Answering for stations on the other side
//
// A request who has an address is flooded to every VTEP and every station behind it, and only one answers. Where this end knows the answer it
// gives it, and the request stays here (RFC 9161 describes the same for EVPN). Bindings are configured, or learned from what comes out of
// the tunnel: the sender of any ARP message, and the target of a neighbour advertisement with its address, where the message agrees with
// the frame's own source. They go with the age of stations. Whoever asks with no address of its own (a probe, duplicate address
// detection) or for its own (an announcement) is flooded: others must hear it.
// Answers wait in the segment's AnswerQueue.

/// <summary>ARP and neighbour discovery suppression for one segment.</summary>
internal sealed unsafe class NeighborProxy
{
    private const int ArpFrame = EthernetView.MinHeaderLength + ArpView.Length;
    private const int Network = EthernetView.MinHeaderLength;
    private const int Icmp = Network + Ipv6View.MinHeaderLength;
    private const int AdvertisementLength = 32;
    private const byte LastHop = 255;
    private const uint RouterFlag = 0x8000_0000;
    private const uint SolicitedOverride = 0x6000_0000;

    private readonly VxlanPort _port;
    private readonly uint _ageing;
    private readonly Dictionary<IpAddress, Binding> _bindings = [];

    internal NeighborProxy(VxlanPort port, VtepOptions common)
    {
        _port = port;
        _ageing = (uint)common.AgeingTime.TotalSeconds;
    }

    internal void AddStatic(IpAddress address, MacAddress station, bool isRouter) => _bindings[address] = new Binding(station, isRouter, IsStatic: true, 0);

    /// <summary>Looks into a frame out of the tunnel for who has which address.</summary>
    internal void LearnLocked(ReadOnlySpan<byte> frame, ulong source)
    {
        EtherType type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[(2 * MacAddress.Length)..]);
        if (type == EtherType.Arp && ArpView.TryParse(frame[Network..], out ArpView arp))
        {
            if (arp.SenderMac.Bits == source && arp.Sender.V4 != 0)
                Learn(arp.Sender, arp.SenderMac, isRouter: false);
        }
        else if (type == EtherType.Ipv6 && TryParse(frame, out NeighborView message, out _) && !message.IsSolicitation)
        {
            if (message.Options.TryFindLinkLayerAddress(NeighborOption.TargetLinkLayerAddress, out MacAddress mac) && mac.Bits == source)
                Learn(message.Target, mac, message.IsRouter);
        }
    }

    /// <summary>Answers a frame for a group, if it asks for a known binding.</summary>
    /// <param name="frame">A copy of the whole frame.</param>
    /// <returns>True when it was answered and goes no further.</returns>
    internal bool TryAnswerLocked(ReadOnlySpan<byte> frame) => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[(2 * MacAddress.Length)..]) switch
    {
        EtherType.Arp => TryAnswerArp(frame),
        EtherType.Ipv6 => TryAnswerSolicitation(frame),
        _ => false,
    };

    private bool TryAnswerArp(ReadOnlySpan<byte> frame)
    {
        if (!ArpView.TryParse(frame[Network..], out ArpView arp) || arp.Operation != ArpOperation.Request || arp.Sender.V4 == 0 || arp.Sender == arp.Target)
            return false;
        MacAddress asker = MacAddress.Read(frame[MacAddress.Length..]);
        if (arp.SenderMac != asker || !TryFind(arp.Target, out Binding known))
            return false;
        byte* answer = stackalloc byte[ArpFrame];
        // SAFETY: our own stack, and ArpFrame bytes of it.
        Span<byte> bytes = new(answer, ArpFrame);
        int at = HeaderWriter.Ethernet(bytes, asker, known.Station, EtherType.Arp);
        ArpView.Write(bytes[at..], ArpOperation.Reply, known.Station, arp.Target, asker, arp.Sender);
        return Give(new Frame(answer, ArpFrame));
    }

    private bool TryAnswerSolicitation(ReadOnlySpan<byte> frame)
    {
        if (!TryParse(frame, out NeighborView message, out IpAddress asker) || !message.IsSolicitation || asker == IpAddress.AnyV6)
            return false;
        if (!TryFind(message.Target, out Binding known))
            return false;
        const int Length = Icmp + AdvertisementLength;
        byte* answer = stackalloc byte[Length];
        // SAFETY: our own stack, and Length bytes of it.
        Span<byte> bytes = new(answer, Length);
        HeaderWriter.Ethernet(bytes, MacAddress.Read(frame[MacAddress.Length..]), known.Station, EtherType.Ipv6);
        HeaderWriter.V6(bytes[Network..], message.Target, asker, IpProtocol.IcmpV6, AdvertisementLength, LastHop);
        NeighborView.Write(bytes[Icmp..], Icmpv6Type.NeighborAdvertisement, SolicitedOverride | (known.IsRouter ? RouterFlag : 0), message.Target, known.Station);
        HeaderWriter.StoreChecksum(bytes[Icmp..], message.Target, asker, IpProtocol.IcmpV6);
        return Give(new Frame(answer, Length));
    }

    private bool Give(in Frame answer)
    {
        if (!_port.Answers.TryAdd(in answer))
            return false;
        _port.Events.AddSuppressed();
        return true;
    }

    private static bool TryParse(ReadOnlySpan<byte> frame, out NeighborView message, out IpAddress source)
    {
        message = default;
        source = default;
        if (!Ipv6View.TryParse(frame[Network..], out Ipv6View packet) || packet.Protocol != IpProtocol.IcmpV6 || packet.HopLimit != LastHop || packet.IsFragment)
            return false;
        source = packet.Source;
        ulong sum = InternetChecksum.PseudoHeader(packet.Addresses, IpProtocol.IcmpV6, packet.Payload.Length);
        return InternetChecksum.Finish(InternetChecksum.Add(sum, packet.Payload)) == 0 && NeighborView.TryParse(packet.Payload, out message);
    }

    private void Learn(IpAddress address, MacAddress station, bool isRouter)
    {
        bool isKnown = _bindings.TryGetValue(address, out Binding known);
        if ((isKnown && known.IsStatic) || (!isKnown && _bindings.Count >= _port.Options.MaxStations && !TryForgetOld()))
            return;
        _bindings[address] = new Binding(station, isRouter, IsStatic: false, _port.Vtep.Seconds());
    }

    private bool TryForgetOld()
    {
        uint now = _port.Vtep.Seconds();
        foreach ((IpAddress address, Binding known) in _bindings)
        {
            // One a frame at most; removal does not disturb a dictionary's enumeration.
            if (!known.IsStatic && now - known.Seen >= _ageing)
                return _bindings.Remove(address);
        }

        return false;
    }

    private bool TryFind(IpAddress address, out Binding known)
    {
        if (!_bindings.TryGetValue(address, out known))
            return false;

        // Behind a VTEP still: a station that has come to this side answers for itself.
        bool isFresh = known.IsStatic || _port.Vtep.Seconds() - known.Seen < _ageing;
        return isFresh && _port.Stations.Find(known.Station.Bits) >= 0;
    }

    private readonly record struct Binding(MacAddress Station, bool IsRouter, bool IsStatic, uint Seen);
}
