using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>An IGMP message (RFC 1112, RFC 2236, RFC 3376) or an MLD message (RFC 2710, RFC 3810), the payload of an IP packet.</summary>
/// <remarks><see cref="TryParse"/> checks lengths, those of all records among them, once; then no accessor can fail. What the IP header
/// must be like, checksum and addresses are not looked at. An accessor that the kind of message has no field for gives zero. The view
/// does not own its bytes.</remarks>
public readonly ref struct GroupMessageView
{
    private const int IgmpLength = 8;
    private const int MldLength = 24;
    private const int ReportHeader = 8;
    private readonly ReadOnlySpan<byte> _message;

    private GroupMessageView(ReadOnlySpan<byte> message, bool isV4, GroupMessageKind kind, int version)
    {
        _message = message;
        IsV4 = isV4;
        Kind = kind;
        Version = version;
    }

    /// <summary>True for IGMP, false for MLD.</summary>
    public bool IsV4 { get; }

    /// <summary>What it says.</summary>
    public GroupMessageKind Kind { get; }

    /// <summary>Version of IGMP: 1 … 3. MLDv1 counts as 2 and MLDv2 as 3.</summary>
    public int Version { get; }

    /// <summary>The group; of a general query and of a report with records the unspecified address of the family.</summary>
    public IpAddress Group => Kind is not (GroupMessageKind.Query or GroupMessageKind.Report or GroupMessageKind.Leave)
        ? (IsV4 ? IpAddress.AnyV4 : IpAddress.AnyV6)
        : IsV4 ? IpAddress.ReadV4(_message[4..]) : IpAddress.ReadV6(_message[8..]);

    /// <summary>Of a query: how long hosts may take to answer, in ms. IGMPv1 has no such field and means 10 s (RFC 2236, 4).</summary>
    public int MaxResponse => Kind != GroupMessageKind.Query ? 0 : Version == 1 ? 10_000
        : IsV4 ? 100 * (Version == 3 ? GroupCodes.Decode8(_message[1]) : _message[1])
        : Version == 3 ? GroupCodes.Decode16(BinaryPrimitives.ReadUInt16BigEndian(_message[4..])) : BinaryPrimitives.ReadUInt16BigEndian(_message[4..]);

    /// <summary>Of a query of version 3: routers shall not lower their timers (the S flag).</summary>
    public bool SuppressesTimers => IsQueryV3 && (_message[Extra] & 8) != 0;

    /// <summary>Of a query of version 3: the querier's robustness variable; 0 for one above 7.</summary>
    public int Robustness => IsQueryV3 ? _message[Extra] & 7 : 0;

    /// <summary>Of a query of version 3: seconds between two general queries.</summary>
    public int QueryInterval => IsQueryV3 ? GroupCodes.Decode8(_message[Extra + 1]) : 0;

    /// <summary>Of a query of version 3: the sources that are asked for.</summary>
    public GroupSources Sources => IsQueryV3
        ? new GroupSources(_message.Slice(Extra + 4, AddressSize * BinaryPrimitives.ReadUInt16BigEndian(_message[(Extra + 2)..])), AddressSize)
        : default;

    /// <summary>Of a report of version 3: its records.</summary>
    public GroupRecords Records => Kind == GroupMessageKind.RecordReport
        ? new GroupRecords(_message[ReportHeader..], BinaryPrimitives.ReadUInt16BigEndian(_message[6..]), AddressSize)
        : default;

    private bool IsQueryV3 => Kind == GroupMessageKind.Query && Version == 3;

    private int Extra => IsV4 ? IgmpLength : MldLength;

    private int AddressSize => IsV4 ? 4 : 16;

    /// <summary>Checks a message.</summary>
    /// <param name="message">The IP payload, whole.</param>
    /// <param name="isV4">IGMP rather than MLD.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when it is shorter than its type has it, or a query is of no version's length (RFC 3376, 7.1; RFC 3810, 8.1).</returns>
    public static bool TryParse(ReadOnlySpan<byte> message, bool isV4, out GroupMessageView view)
    {
        view = default;
        if (message.Length < IgmpLength)
            return false;
        (GroupMessageKind kind, int version) = isV4 ? KindOfIgmp(message) : KindOfMld(message);
        int least = kind is GroupMessageKind.RecordReport or GroupMessageKind.Other ? ReportHeader : isV4 ? IgmpLength : MldLength;
        if (message.Length < least || version < 0)
            return false;
        int size = isV4 ? 4 : 16;
        if (kind == GroupMessageKind.RecordReport
            && !GroupRecords.AreWhole(message[ReportHeader..], BinaryPrimitives.ReadUInt16BigEndian(message[6..]), size))
            return false;
        if (kind == GroupMessageKind.Query && version == 3 && message.Length < least + 4 + (size * BinaryPrimitives.ReadUInt16BigEndian(message[(least + 2)..])))
            return false;
        view = new GroupMessageView(message, isV4, kind, version);
        return true;
    }

    private static (GroupMessageKind Kind, int Version) KindOfIgmp(ReadOnlySpan<byte> message) => (IgmpType)message[0] switch
    {
        IgmpType.Query => (GroupMessageKind.Query, message.Length >= 12 ? 3 : message.Length > IgmpLength ? -1 : message[1] == 0 ? 1 : 2),
        IgmpType.ReportV1 => (GroupMessageKind.Report, 1),
        IgmpType.ReportV2 => (GroupMessageKind.Report, 2),
        IgmpType.Leave => (GroupMessageKind.Leave, 2),
        IgmpType.ReportV3 => (GroupMessageKind.RecordReport, 3),
        _ => (GroupMessageKind.Other, 0),
    };

    private static (GroupMessageKind Kind, int Version) KindOfMld(ReadOnlySpan<byte> message) => (Icmpv6Type)message[0] switch
    {
        Icmpv6Type.MulticastListenerQuery => (GroupMessageKind.Query, message.Length >= MldLength + 4 ? 3 : message.Length > MldLength ? -1 : 2),
        Icmpv6Type.MulticastListenerReport => (GroupMessageKind.Report, 2),
        Icmpv6Type.MulticastListenerDone => (GroupMessageKind.Leave, 2),
        Icmpv6Type.MulticastListenerReportV2 => (GroupMessageKind.RecordReport, 3),
        _ => (GroupMessageKind.Other, 0),
    };
}
