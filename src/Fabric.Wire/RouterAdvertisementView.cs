using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A router advertisement (RFC 4861, 4.2).</summary>
/// <remarks><see cref="TryParse"/> checks length, code and options once; then no accessor can fail. Hop limit, checksum and the source
/// address (RFC 4861, 6.1.2) are the caller's to check. The view does not own its bytes.</remarks>
public readonly ref struct RouterAdvertisementView
{
    /// <summary>Bytes up to the options.</summary>
    public const int MinLength = 16;

    private readonly ReadOnlySpan<byte> _message;

    private RouterAdvertisementView(ReadOnlySpan<byte> message) => _message = message;

    /// <summary>Hop limit that hosts should send with; 0 for no advice.</summary>
    public byte HopLimit => _message[4];

    /// <summary>M: addresses are to be had from DHCPv6.</summary>
    public bool IsManaged => (_message[5] & 0x80) != 0;

    /// <summary>Seconds for which the sender is a default router; 0 for not at all.</summary>
    public ushort RouterLifetime => BinaryPrimitives.ReadUInt16BigEndian(_message[6..]);

    /// <summary>The options; each has a length that fits.</summary>
    public NeighborOptions Options => new(_message[MinLength..]);

    /// <summary>Checks a message.</summary>
    /// <param name="bytes">The ICMPv6 message.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when RFC 4861, 6.1.2 has it discarded for what stands in the message.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out RouterAdvertisementView view)
    {
        bool valid = bytes.Length >= MinLength && bytes[0] == (byte)Icmpv6Type.RouterAdvertisement && bytes[1] == 0
            && NeighborOptions.AreValid(bytes[MinLength..]);
        view = valid ? new RouterAdvertisementView(bytes) : default;
        return valid;
    }
}
