using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>An ARP packet that maps IPv4 to Ethernet addresses (RFC 826).</summary>
/// <remarks><see cref="TryParse"/> checks types and lengths once; then no accessor can fail. The view does not own its bytes.</remarks>
public readonly ref struct ArpView
{
    /// <summary>Bytes of a packet for Ethernet and IPv4.</summary>
    public const int Length = 28;

    private const ushort Ethernet = 1;
    private readonly ReadOnlySpan<byte> _packet;

    private ArpView(ReadOnlySpan<byte> packet) => _packet = packet;

    /// <summary>Request, reply, or another that this end need not know.</summary>
    public ArpOperation Operation => (ArpOperation)BinaryPrimitives.ReadUInt16BigEndian(_packet[6..]);

    /// <summary>ar$sha: the sender's Ethernet address.</summary>
    public MacAddress SenderMac => MacAddress.Read(_packet[8..]);

    /// <summary>ar$spa: the sender's IPv4 address; 0.0.0.0 in a probe (RFC 5227, 2.1.1).</summary>
    public IpAddress Sender => IpAddress.ReadV4(_packet[14..]);

    /// <summary>ar$tha: the target's Ethernet address; nothing in particular in a request.</summary>
    public MacAddress TargetMac => MacAddress.Read(_packet[18..]);

    /// <summary>ar$tpa: the IPv4 address asked for, or the receiver's.</summary>
    public IpAddress Target => IpAddress.ReadV4(_packet[24..]);

    /// <summary>Checks a packet.</summary>
    /// <param name="bytes">The payload of an Ethernet frame; bytes after the packet are padding.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when it is cut off, or not for Ethernet and IPv4.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out ArpView view)
    {
        bool valid = bytes.Length >= Length
            && BinaryPrimitives.ReadUInt16BigEndian(bytes) == Ethernet
            && BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) == (ushort)EtherType.Ipv4
            && bytes[4] == MacAddress.Length
            && bytes[5] == 4;
        view = valid ? new ArpView(bytes[..Length]) : default;
        return valid;
    }

    /// <summary>Writes a packet.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <param name="operation">Request or reply.</param>
    /// <param name="senderMac">ar$sha.</param>
    /// <param name="sender">ar$spa, IPv4.</param>
    /// <param name="targetMac">ar$tha.</param>
    /// <param name="target">ar$tpa, IPv4.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> destination, ArpOperation operation, MacAddress senderMac, IpAddress sender, MacAddress targetMac, IpAddress target)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, Ethernet);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)EtherType.Ipv4);
        destination[4] = MacAddress.Length;
        destination[5] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], (ushort)operation);
        senderMac.CopyTo(destination[8..]);
        sender.CopyTo(destination[14..]);
        targetMac.CopyTo(destination[18..]);
        target.CopyTo(destination[24..]);
        return Length;
    }
}
