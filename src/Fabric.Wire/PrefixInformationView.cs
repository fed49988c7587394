using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A prefix that a router tells of (RFC 4861, 4.6.2).</summary>
public readonly ref struct PrefixInformationView
{
    private const int Length = 32;
    private readonly ReadOnlySpan<byte> _option;

    private PrefixInformationView(ReadOnlySpan<byte> option) => _option = option;

    /// <summary>Bits of the prefix, 0 … 128.</summary>
    public byte PrefixLength => _option[2];

    /// <summary>L: addresses of the prefix are on the link.</summary>
    public bool IsOnLink => (_option[3] & 0x80) != 0;

    /// <summary>A: hosts may form addresses from it (RFC 4862).</summary>
    public bool IsAutonomous => (_option[3] & 0x40) != 0;

    /// <summary>Seconds for which addresses of the prefix are valid; 0xFFFFFFFF for ever.</summary>
    public uint ValidLifetime => BinaryPrimitives.ReadUInt32BigEndian(_option[4..]);

    /// <summary>Seconds for which they are preferred; 0xFFFFFFFF for ever.</summary>
    public uint PreferredLifetime => BinaryPrimitives.ReadUInt32BigEndian(_option[8..]);

    /// <summary>The prefix; bits behind it may be set and do not count.</summary>
    public IpAddress Prefix => IpAddress.ReadV6(_option[16..]);

    /// <summary>Checks an option.</summary>
    /// <param name="option">As <see cref="NeighborOptions.TryNext"/> gives it.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when its length or the prefix's is impossible.</returns>
    public static bool TryParse(ReadOnlySpan<byte> option, out PrefixInformationView view)
    {
        bool valid = option.Length == Length && option[0] == (byte)NeighborOption.PrefixInformation && option[2] <= 128;
        view = valid ? new PrefixInformationView(option) : default;
        return valid;
    }
}
