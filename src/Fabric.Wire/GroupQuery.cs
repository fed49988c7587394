using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A query of IGMP or MLD, to be written as an Ethernet frame with all that RFC 3376, 4 and RFC 3810, 5 ask of its IP header:
/// one hop, router alert, the all-systems or the group's address.</summary>
public readonly ref struct GroupQuery
{
    /// <summary>Most sources of one query: it stays within 1,500 bytes of IP packet.</summary>
    public const int MaxSources = 80;

    /// <summary>Bytes that any such frame fits in.</summary>
    public const int MaxFrame = 1514;

    private static readonly IpAddress AllSystems = IpAddress.FromV4(0xE000_0001);

    /// <summary>Source of the frame.</summary>
    public required MacAddress Station { get; init; }

    /// <summary>Source of the packet; decides between IGMP and MLD, where it must be link-local.</summary>
    public required IpAddress Source { get; init; }

    /// <summary>The group asked for; the unspecified address of either family for all.</summary>
    public required IpAddress Group { get; init; }

    /// <summary>The sources asked for, at most <see cref="MaxSources"/>; none for all.</summary>
    public ReadOnlySpan<IpAddress> Sources { get; init; }

    /// <summary>2 (MLDv1) or 3 (MLDv2).</summary>
    public int Version { get; init; }

    /// <summary>How long hosts may take to answer, in ms.</summary>
    public int MaxResponse { get; init; }

    /// <summary>The querier's robustness variable, 1 … 7.</summary>
    public int Robustness { get; init; }

    /// <summary>Seconds between two general queries.</summary>
    public int QueryInterval { get; init; }

    /// <summary>Writes the frame.</summary>
    /// <param name="frame">At least <see cref="MaxFrame"/> bytes.</param>
    /// <returns>Bytes written, without FCS or padding.</returns>
    public int Write(Span<byte> frame) => Source.IsV4 ? WriteIgmp(frame) : WriteMld(frame);

    private int WriteIgmp(Span<byte> frame)
    {
        const int Header = Ipv4View.MinHeaderLength + 4;
        IpAddress destination = Group.IsUnspecified ? AllSystems : Group;
        int start = HeaderWriter.Ethernet(frame, destination.GroupMac, Station, EtherType.Ipv4);
        int length = Version == 3 ? 12 + (4 * Sources.Length) : 8;
        Span<byte> packet = frame.Slice(start, Header + length);
        // The four bytes of the option count as payload to the writer, which knows of none; then the header says what it is.
        HeaderWriter.V4(packet, Source, destination, IpProtocol.Igmp, length + 4, timeToLive: 1, trafficClass: 0xC0);
        packet[0] = 0x46;
        BinaryPrimitives.WriteUInt32BigEndian(packet[Ipv4View.MinHeaderLength..], 0x9404_0000);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(packet[10..], InternetChecksum.Finish(InternetChecksum.Add(0, packet[..Header])));

        Span<byte> message = packet[Header..];
        message.Clear();
        message[0] = (byte)IgmpType.Query;
        int tenths = Math.Clamp(MaxResponse / 100, 1, GroupCodes.Max8);
        message[1] = Version == 3 ? GroupCodes.Encode8(tenths) : (byte)Math.Min(tenths, byte.MaxValue);
        (Group.IsV4 ? Group : IpAddress.AnyV4).CopyTo(message[4..]);
        WriteExtra(message, 8, 4);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Finish(InternetChecksum.Add(0, message)));
        return start + packet.Length;
    }

    private int WriteMld(Span<byte> frame)
    {
        const int Header = Ipv6View.MinHeaderLength + 8;
        IpAddress destination = Group.IsUnspecified ? IpAddress.AllNodes : Group;
        int start = HeaderWriter.Ethernet(frame, destination.GroupMac, Station, EtherType.Ipv6);
        int length = Version == 3 ? 28 + (16 * Sources.Length) : 24;
        Span<byte> packet = frame.Slice(start, Header + length);
        HeaderWriter.V6(packet, Source, destination, IpProtocol.HopByHop, 8 + length, hopLimit: 1);
        // Router alert for MLD (RFC 2711, 2.1), padded to eight bytes.
        BinaryPrimitives.WriteUInt64BigEndian(packet[Ipv6View.MinHeaderLength..], 0x3A00_0502_0000_0100);

        Span<byte> message = packet[Header..];
        message.Clear();
        message[0] = (byte)Icmpv6Type.MulticastListenerQuery;
        ushort code = Version == 3 ? GroupCodes.Encode16(Math.Min(MaxResponse, GroupCodes.Max16)) : (ushort)Math.Min(MaxResponse, ushort.MaxValue);
        BinaryPrimitives.WriteUInt16BigEndian(message[4..], code);
        (Group.IsUnspecified ? IpAddress.AnyV6 : Group).CopyTo(message[8..]);
        WriteExtra(message, 24, 16);
        HeaderWriter.StoreChecksum(message, Source, destination, IpProtocol.IcmpV6);
        return start + packet.Length;
    }

    private void WriteExtra(Span<byte> message, int at, int size)
    {
        if (Version != 3)
            return;
        message[at] = (byte)Math.Min(Robustness, 7);
        message[at + 1] = GroupCodes.Encode8(Math.Min(QueryInterval, GroupCodes.Max8));
        BinaryPrimitives.WriteUInt16BigEndian(message[(at + 2)..], (ushort)Sources.Length);
        for (int i = 0; i < Sources.Length; i++)
            Sources[i].CopyTo(message[(at + 4 + (i * size))..]);
    }
}
