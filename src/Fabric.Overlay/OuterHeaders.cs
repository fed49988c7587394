using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.Overlay;

/// <summary>Makes the Ethernet, IP and UDP headers in front of a tunnel packet, for those who look on. One thread at a time.</summary>
/// <param name="fields">What does not change from packet to packet.</param>
internal sealed unsafe class OuterHeaders(OuterFields fields)
{
    private const int Room = EthernetView.MinHeaderLength + Ipv6View.MinHeaderLength + UdpView.HeaderLength;
    private const int AddressesV4 = 12;
    private const int AddressesV6 = 8;
    private const ushort DoNotFragment = 0x4000;
    private readonly byte[] _bytes = GC.AllocateArray<byte>(Room, pinned: true);

    /// <summary>First byte of the headers last written.</summary>
    // SAFETY: the array is pinned.
    internal byte* Start => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);

    /// <summary>The checksum that whoever keeps the packet has still to finish.</summary>
    internal FrameOffload Offload { get; private set; }

    /// <summary>Writes headers.</summary>
    /// <param name="source">Outer source.</param>
    /// <param name="sourcePort">UDP port there.</param>
    /// <param name="destination">Outer destination, of the same family.</param>
    /// <param name="destinationPort">UDP port there.</param>
    /// <param name="payload">Bytes behind the headers.</param>
    /// <param name="length">Bytes of the headers.</param>
    /// <returns>False when no IP packet is as long, or the families differ.</returns>
    internal bool TryWrite(IpAddress source, ushort sourcePort, IpAddress destination, ushort destinationPort, int payload, out int length)
    {
        bool isV4 = source.IsV4;
        int network = isV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength;
        int udp = UdpView.HeaderLength + payload;
        length = EthernetView.MinHeaderLength + network + UdpView.HeaderLength;
        if (isV4 != destination.IsV4 || length + payload > Frame.MaxLength || network + udp > ushort.MaxValue)
            return false;
        Span<byte> header = _bytes.AsSpan(0, length);
        header.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header[(2 * MacAddress.Length)..], (ushort)(isV4 ? EtherType.Ipv4 : EtherType.Ipv6));
        Span<byte> ip = header.Slice(EthernetView.MinHeaderLength, network);
        Span<byte> addresses = ip[(isV4 ? AddressesV4 : AddressesV6)..];
        source.CopyTo(addresses);
        destination.CopyTo(addresses[(addresses.Length / 2)..]);
        if (isV4)
            WriteV4(ip, udp);
        else
            WriteV6(ip, udp);
        WriteUdp(header[(EthernetView.MinHeaderLength + network)..], addresses, sourcePort, destinationPort, udp);
        return true;
    }

    private void WriteV4(Span<byte> ip, int udp)
    {
        ip[0] = 0x45;
        ip[1] = (byte)(fields.DifferentiatedServices << 2);
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(ip.Length + udp));
        BinaryPrimitives.WriteUInt16BigEndian(ip[6..], DoNotFragment);
        ip[8] = fields.TimeToLive;
        ip[9] = (byte)IpProtocol.Udp;
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Finish(InternetChecksum.Add(0, ip)));
    }

    private void WriteV6(Span<byte> ip, int udp)
    {
        BinaryPrimitives.WriteUInt32BigEndian(ip, (6u << 28) | ((uint)fields.DifferentiatedServices << 22));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)udp);
        ip[6] = (byte)IpProtocol.Udp;
        ip[7] = fields.TimeToLive;
    }

    private void WriteUdp(Span<byte> header, ReadOnlySpan<byte> addresses, ushort sourcePort, ushort destinationPort, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(header, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)length);
        Offload = default;
        if (!fields.Checksums)
            return;
        // As a sender leaves it to its network card: the pseudo header's sum, and where the rest is to be added.
        BinaryPrimitives.WriteUInt16BigEndian(header[UdpView.ChecksumOffset..], (ushort)~InternetChecksum.Finish(InternetChecksum.PseudoHeader(addresses, IpProtocol.Udp, length)));
        int start = EthernetView.MinHeaderLength + (addresses.Length > 2 * sizeof(uint) ? Ipv6View.MinHeaderLength : Ipv4View.MinHeaderLength);
        Offload = new FrameOffload { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = (ushort)start, ChecksumOffset = UdpView.ChecksumOffset };
    }
}
