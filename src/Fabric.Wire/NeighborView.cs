namespace Fabric.Wire;

/// <summary>A neighbour solicitation or advertisement (RFC 4861, 4.3 and 4.4).</summary>
/// <remarks><see cref="TryParse"/> checks length, code and options once; then no accessor can fail. Hop limit, checksum and the
/// addresses of the IP header (RFC 4861, 7.1) are the caller's to check. The view does not own its bytes.</remarks>
public readonly ref struct NeighborView
{
    /// <summary>Bytes up to the options.</summary>
    public const int MinLength = 24;

    private readonly ReadOnlySpan<byte> _message;

    private NeighborView(ReadOnlySpan<byte> message) => _message = message;

    /// <summary>Solicitation, not advertisement.</summary>
    public bool IsSolicitation => _message[0] == (byte)Icmpv6Type.NeighborSolicitation;

    /// <summary>R: the sender is a router.</summary>
    public bool IsRouter => (_message[4] & 0x80) != 0;

    /// <summary>S: the answer to a solicitation.</summary>
    public bool IsSolicited => (_message[4] & 0x40) != 0;

    /// <summary>O: replaces a link-layer address known already.</summary>
    public bool IsOverride => (_message[4] & 0x20) != 0;

    /// <summary>The address asked for or told of; never multicast.</summary>
    public IpAddress Target => IpAddress.ReadV6(_message[8..]);

    /// <summary>The options; each has a length that fits.</summary>
    public NeighborOptions Options => new(_message[MinLength..]);

    /// <summary>Checks a message.</summary>
    /// <param name="bytes">The ICMPv6 message.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when RFC 4861, 7.1.1 or 7.1.2 has it discarded for what stands in the message.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out NeighborView view)
    {
        view = default;
        if (bytes.Length < MinLength || bytes[1] != 0 || bytes[8] == 0xFF || !NeighborOptions.AreValid(bytes[MinLength..]))
            return false;
        if ((Icmpv6Type)bytes[0] is not (Icmpv6Type.NeighborSolicitation or Icmpv6Type.NeighborAdvertisement))
            return false;
        view = new NeighborView(bytes);
        return true;
    }

    /// <summary>Writes a message with a link-layer address option, or without; the checksum stays 0.</summary>
    /// <param name="message">At least 32 bytes.</param>
    /// <param name="type">Solicitation or advertisement.</param>
    /// <param name="flags">R, S and O in the upper three bits of the word: 0x80000000, 0x40000000, 0x20000000.</param>
    /// <param name="target">The address, IPv6.</param>
    /// <param name="mac">Source (solicitation) or target (advertisement) link-layer address; null for none.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(Span<byte> message, Icmpv6Type type, uint flags, IpAddress target, MacAddress? mac)
    {
        IcmpView.WriteHeader(message, (byte)type, 0, flags);
        target.CopyTo(message[8..]);
        if (mac is not { } address)
            return MinLength;
        NeighborOption option = type == Icmpv6Type.NeighborSolicitation ? NeighborOption.SourceLinkLayerAddress : NeighborOption.TargetLinkLayerAddress;
        return MinLength + NeighborOptions.WriteLinkLayerAddress(message[MinLength..], option, address);
    }
}
