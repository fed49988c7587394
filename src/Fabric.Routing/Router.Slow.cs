using Fabric.Link;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Icmp;
using Fabric.Routing.Local;
using Fabric.Routing.Neighbors;
using Fabric.Wire;

namespace Fabric.Routing;

/// <content>What the data path hands to the control side.</content>
public sealed partial class Router
{
    /// <summary>As much of a packet as an error quotes, and its Ethernet header.</summary>
    private const int MostQuoted = 1280 + 18;

    /// <summary>A frame that is for the router itself, or for a group it has joined.</summary>
    /// <param name="link">Where it came in.</param>
    /// <param name="frame">The frame, its offload header consistent.</param>
    /// <param name="header">Bytes of its Ethernet header.</param>
    /// <param name="linkGroup">It was sent to all or to a group.</param>
    internal void Deliver(LogicalInterface link, in Frame frame, int header, bool linkGroup)
    {
        lock (_gate)
        {
            if (!TryEnter())
                return;
            _control.Arrive(link, in frame);
            Span<byte> copy = Scratch.Current.Arrived.AsSpan(0, frame.CopyTo(0, Scratch.Current.Arrived));
            _control.Input.Accept(link, copy, header, linkGroup, frame.Offload);
            SetTimer();
        }
    }

    /// <summary>An ARP packet.</summary>
    internal void DeliverArp(LogicalInterface link, in Frame frame, int header)
    {
        lock (_gate)
        {
            if (!TryEnter())
                return;
            _control.Arrive(link, in frame);
            Span<byte> copy = Scratch.Current.Arrived.AsSpan(0, frame.CopyTo(header, Scratch.Current.Arrived.AsSpan(0, ArpView.Length)));
            _control.Arp.Accept(link, copy);
            SetTimer();
        }
    }

    /// <summary>A packet that goes no further, and its sender is to be told.</summary>
    /// <param name="error">What he is told.</param>
    /// <param name="link">Where it came in.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="header">Bytes of its Ethernet header.</param>
    /// <param name="word">MTU or position.</param>
    internal void Report(IcmpError error, LogicalInterface link, in Frame frame, int header, uint word = 0)
    {
        lock (_gate)
        {
            if (!TryEnter())
                return;
            Span<byte> copy = Scratch.Current.Arrived.AsSpan(0, frame.CopyTo(header, Scratch.Current.Arrived.AsSpan(0, MostQuoted)));
            _control.Errors.Report(error, link, WithoutPadding(copy), word);
            SetTimer();
        }
    }

    /// <summary>A packet whose next hop's Ethernet address is not known yet.</summary>
    /// <param name="link">Where it leaves.</param>
    /// <param name="nextHop">The next hop.</param>
    /// <param name="frame">With its new headers, all but the destination.</param>
    internal void Hold(LogicalInterface link, IpAddress nextHop, in Frame frame)
    {
        lock (_gate)
        {
            if (!TryEnter())
                return;
            byte[] copy = new byte[frame.Length];
            frame.CopyTo(0, copy);
            _control.Neighbors.Hold(link, nextHop, new HeldPacket(copy, frame.Offload, IsForwarded: true));
            SetTimer();
        }
    }

    /// <summary>A neighbour that has not been confirmed for long was sent to.</summary>
    internal void Use(Neighbor neighbor)
    {
        lock (_gate)
        {
            if (!TryEnter())
                return;
            _control.Neighbors.Use(neighbor);
            SetTimer();
        }
    }

    private static ReadOnlySpan<byte> WithoutPadding(ReadOnlySpan<byte> packet)
    {
        if (Ipv4View.TryParse(packet, out Ipv4View v4))
            return v4.Packet;
        return Ipv6View.TryParse(packet, out Ipv6View v6) ? v6.Packet : packet;
    }
}
