using System.Buffers.Binary;
using System.Collections.Frozen;
using Fabric.Routing.Local;
using Fabric.Wire;

namespace Fabric.Routing.Icmp;

/// <summary>What routers on the way have said of packets that were too long for them (RFC 1191; RFC 8201). For datagrams of this router's
/// sockets, and echoes to their far ends; what it forwards is its senders' business.</summary>
/// <remarks>Written under the router's lock; read by any thread from a table that is replaced. Forgotten after ten minutes
/// (RFC 1191, 6.3), so that a way that has become wider is found out.</remarks>
internal sealed class PathMtus(RouterControl control)
{
    /// <summary>Most destinations remembered.</summary>
    internal const int Most = 1024;

    private const long Lifetime = 600 * Nanoseconds.PerSecond;

    /// <summary>What is believed at least: any link carries it that carries IP in earnest (RFC 791, 3.1, and a header of options); less
    /// would let a liar stop everything.</summary>
    private const int LeastV4 = 576;
    private const int LeastV6 = 1280;
    private const byte FragmentationNeeded = 4;

    private FrozenDictionary<IpAddress, (int Mtu, long Until)> _known = FrozenDictionary<IpAddress, (int, long)>.Empty;

    /// <summary>The longest packet that reaches a destination. Any thread.</summary>
    /// <param name="destination">The destination.</param>
    /// <returns>Bytes; the largest number where nothing is known.</returns>
    internal int Find(IpAddress destination)
    {
        FrozenDictionary<IpAddress, (int Mtu, long Until)> known = Volatile.Read(ref _known);
        return known.Count != 0 && known.TryGetValue(destination, out (int Mtu, long Until) entry) && entry.Until > control.ReadClock() ? entry.Mtu : int.MaxValue;
    }

    /// <summary>Takes an error message, if it is one about length and about a packet of one of the router's sockets.</summary>
    /// <param name="packet">The message's packet.</param>
    /// <param name="icmp">The message, its checksum right.</param>
    internal void Accept(in LocalPacket packet, in IcmpView icmp)
    {
        if (packet.Source.IsV4)
        {
            if (icmp.Type == IcmpType.DestinationUnreachable && icmp.Code == FragmentationNeeded && icmp.Rest.Length >= Ipv4View.MinHeaderLength + UdpView.HeaderLength)
                AcceptV4(icmp.Rest, (int)(icmp.Word & ushort.MaxValue));
        }
        else if (icmp.TypeV6 == Icmpv6Type.PacketTooBig && icmp.Rest.Length >= Ipv6View.MinHeaderLength + UdpView.HeaderLength)
        {
            AcceptV6(icmp.Rest, icmp.Word);
        }
    }

    private void AcceptV4(ReadOnlySpan<byte> quoted, int mtu)
    {
        int header = (quoted[0] & 0xF) * 4;
        if (quoted[0] >> 4 != 4 || header + UdpView.HeaderLength > quoted.Length)
            return;

        // Routers from before 1990 do not tell (RFC 1191, 5).
        Learn(IpAddress.ReadV4(quoted[12..]), IpAddress.ReadV4(quoted[16..]), (IpProtocol)quoted[9], quoted[header..], Math.Max(mtu, LeastV4));
    }

    private void AcceptV6(ReadOnlySpan<byte> quoted, uint mtu)
    {
        if (quoted[0] >> 4 != 6 || mtu < LeastV6)
            return;
        Learn(IpAddress.ReadV6(quoted[8..]), IpAddress.ReadV6(quoted[24..]), (IpProtocol)quoted[6], quoted[Ipv6View.MinHeaderLength..], (int)Math.Min(mtu, ushort.MaxValue));
    }

    private void Learn(IpAddress source, IpAddress destination, IpProtocol protocol, ReadOnlySpan<byte> transport, int mtu)
    {
        if (!IsOwn(source, destination, protocol, transport) || mtu >= Find(destination) || (_known.Count >= Most && !_known.ContainsKey(destination)))
            return;
        Dictionary<IpAddress, (int, long)> next = _known.Where(item => item.Value.Until > control.Now).ToDictionary();
        next[destination] = (mtu, control.Now + Lifetime);
        Volatile.Write(ref _known, next.ToFrozenDictionary());
    }

    private bool IsOwn(IpAddress source, IpAddress destination, IpProtocol protocol, ReadOnlySpan<byte> transport)
    {
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]);
        ushort identifier = BinaryPrimitives.ReadUInt16BigEndian(transport[4..]);
        return protocol switch
        {
            IpProtocol.Udp => control.HasSocketAt(source, port),
            IpProtocol.Icmp or IpProtocol.IcmpV6 => control.PathEchoes.Exists(echoes => echoes.IsOwn(source, destination, identifier)),
            _ => false,
        };
    }
}
