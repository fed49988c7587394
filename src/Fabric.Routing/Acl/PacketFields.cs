using System.Buffers.Binary;
using Fabric.Wire;

namespace Fabric.Routing.Acl;

/// <summary>The fields of a packet that access lists and the choice among equal paths look at. Read once from a copy of the headers whose
/// lengths are checked; nothing in it can fail.</summary>
internal readonly struct PacketFields
{
    private const int MaxExtensions = 8;
    private const IpProtocol Routing = (IpProtocol)43;
    private const IpProtocol Authentication = (IpProtocol)51;
    private const int PortsLength = 4;

    /// <summary>Reads the fields.</summary>
    /// <param name="packet">An IP packet from its header on, as far as it was copied and not beyond its end.</param>
    internal PacketFields(ReadOnlySpan<byte> packet)
    {
        int at;
        int offset;
        if (packet[0] >> 4 == 4)
        {
            From = IpAddress.ReadV4(packet[12..]);
            To = IpAddress.ReadV4(packet[16..]);
            Protocol = (IpProtocol)packet[9];
            int fragment = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
            offset = fragment & 0x1FFF;
            IsFragment = (fragment & 0x3FFF) != 0;
            at = (packet[0] & 0xF) * 4;
        }
        else
        {
            From = IpAddress.ReadV6(packet[8..]);
            To = IpAddress.ReadV6(packet[24..]);
            Protocol = Walk(packet, out at, out offset, out bool isFragment, out bool isHidden);
            IsFragment = isFragment;
            IsProtocolHidden = isHidden;
        }

        ReadPorts(packet, at, offset, out bool has, out bool hidden, out uint ports);
        HasPorts = has;
        ArePortsHidden = hidden;
        FromPort = (ushort)(ports >> 16);
        ToPort = (ushort)ports;
    }

    internal IpAddress From { get; }

    internal IpAddress To { get; }

    /// <summary>Protocol behind the extension headers.</summary>
    internal IpProtocol Protocol { get; }

    /// <summary>One of several pieces of a packet.</summary>
    internal bool IsFragment { get; }

    /// <summary>The extension headers reach further than was copied.</summary>
    internal bool IsProtocolHidden { get; }

    internal bool HasPorts { get; }

    /// <summary>There should be ports, but they are cut off or made to be overlaid.</summary>
    internal bool ArePortsHidden { get; }

    internal ushort FromPort { get; }

    internal ushort ToPort { get; }

    private void ReadPorts(ReadOnlySpan<byte> packet, int at, int offset, out bool has, out bool hidden, out uint ports)
    {
        has = false;
        hidden = false;
        ports = 0;
        if (IsProtocolHidden || Protocol is not (IpProtocol.Tcp or IpProtocol.Udp))
            return;
        bool isTcp = Protocol == IpProtocol.Tcp;
        if (offset != 0)
        {
            // A TCP fragment that begins inside the header (RFC 3128).
            hidden = isTcp && offset * 8 < TcpView.MinHeaderLength;
            return;
        }

        hidden = packet.Length < at + (isTcp ? TcpView.MinHeaderLength : UdpView.HeaderLength);
        has = !hidden;
        if (packet.Length >= at + PortsLength)
            ports = BinaryPrimitives.ReadUInt32BigEndian(packet[at..]);
    }

    private static IpProtocol Walk(ReadOnlySpan<byte> packet, out int at, out int offset, out bool isFragment, out bool isHidden)
    {
        IpProtocol next = (IpProtocol)packet[6];
        at = Ipv6View.MinHeaderLength;
        offset = 0;
        isFragment = false;
        isHidden = false;
        for (int extensions = 0; next is IpProtocol.HopByHop or IpProtocol.DestinationOptions or IpProtocol.Fragment or Routing or Authentication; extensions++)
        {
            // A later fragment shows no more than the header it was told of.
            isHidden = offset != 0 || extensions == MaxExtensions || at + 8 > packet.Length;
            if (isHidden)
                return next;
            IpProtocol kind = next;
            next = (IpProtocol)packet[at];
            if (kind == IpProtocol.Fragment)
            {
                int field = BinaryPrimitives.ReadUInt16BigEndian(packet[(at + 2)..]);
                offset = field >> 3;
                isFragment = (field & 0xFFF9) != 0;
            }

            at += kind switch
            {
                IpProtocol.Fragment => Ipv6View.FragmentHeaderLength,
                Authentication => (packet[at + 1] + 2) * 4,
                _ => 8 + (packet[at + 1] * 8),
            };
        }

        return next;
    }
}
