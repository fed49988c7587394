namespace Fabric.Wire;

/// <summary>The options of a Neighbor Discovery message (RFC 4861, 4.6), to be gone through with <see cref="TryNext"/>.</summary>
/// <remarks>Made by views that have checked that each option has a length that is not 0 and fits.</remarks>
public ref struct NeighborOptions
{
    private const int Unit = 8;
    private ReadOnlySpan<byte> _rest;

    internal NeighborOptions(ReadOnlySpan<byte> options) => _rest = options;

    /// <summary>Steps to the next option.</summary>
    /// <param name="type">Its type; unknown ones are to be passed over (RFC 4861, 4.6).</param>
    /// <param name="option">The option with its two first bytes: a multiple of 8 bytes, at least 8.</param>
    /// <returns>False at the end.</returns>
    public bool TryNext(out NeighborOption type, out ReadOnlySpan<byte> option)
    {
        type = default;
        option = default;
        if (_rest.IsEmpty)
            return false;
        type = (NeighborOption)_rest[0];
        option = _rest[..(_rest[1] * Unit)];
        _rest = _rest[option.Length..];
        return true;
    }

    /// <summary>Finds the first Ethernet address among the options from here on.</summary>
    /// <param name="wanted">Source or target link-layer address.</param>
    /// <param name="address">The address.</param>
    public bool TryFindLinkLayerAddress(NeighborOption wanted, out MacAddress address)
    {
        address = default;
        while (TryNext(out NeighborOption type, out ReadOnlySpan<byte> option))
        {
            if (type != wanted || option.Length != Unit)
                continue;
            address = MacAddress.Read(option[2..]);
            return true;
        }

        return false;
    }

    /// <summary>Checks options behind a header of the caller's, such as a router solicitation's (RFC 4861, 6.1.1).</summary>
    /// <param name="bytes">All of them, to the message's end.</param>
    /// <param name="options">The options.</param>
    /// <returns>False when one has no length or is cut off.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out NeighborOptions options)
    {
        bool valid = AreValid(bytes);
        options = valid ? new NeighborOptions(bytes) : default;
        return valid;
    }

    internal static bool AreValid(ReadOnlySpan<byte> options)
    {
        while (!options.IsEmpty)
        {
            int length = options.Length < Unit ? 0 : options[1] * Unit;
            if (length == 0 || length > options.Length)
                return false;
            options = options[length..];
        }

        return true;
    }

    /// <summary>Writes an option with an Ethernet address (RFC 2464, 6).</summary>
    /// <param name="destination">At least eight bytes.</param>
    /// <param name="type">Source or target link-layer address.</param>
    /// <param name="address">The address.</param>
    /// <returns>Bytes written.</returns>
    public static int WriteLinkLayerAddress(Span<byte> destination, NeighborOption type, MacAddress address)
    {
        destination[0] = (byte)type;
        destination[1] = 1;
        address.CopyTo(destination[2..]);
        return Unit;
    }
}
