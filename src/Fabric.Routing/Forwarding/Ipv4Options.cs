namespace Fabric.Routing.Forwarding;

/// <summary>Options of an IPv4 header (RFC 791, 3.1): what a router must know of them.</summary>
/// <remarks>Record route and timestamps are passed on as they are (RFC 7126, 4.2.5 and 4.7.5); router alert concerns nobody here.</remarks>
internal static class Ipv4Options
{
    private const byte End = 0;
    private const byte NoOperation = 1;
    private const byte LooseSourceRoute = 131;
    private const byte StrictSourceRoute = 137;
    private const byte CopiedFlag = 0x80;

    /// <summary>Checks the options of a header.</summary>
    /// <param name="header">The whole header.</param>
    /// <param name="position">Where the option stands that is not to be forwarded.</param>
    /// <returns>Null when there is none; <see cref="RouterDrop.SourceRoute"/> or <see cref="RouterDrop.BadOption"/>.</returns>
    internal static RouterDrop? Check(ReadOnlySpan<byte> header, out int position)
    {
        position = Wire.Ipv4View.MinHeaderLength;
        while (position < header.Length && header[position] != End)
        {
            if (header[position] is LooseSourceRoute or StrictSourceRoute)
                return RouterDrop.SourceRoute;
            int length = Length(header[position..]);
            if (length == 0)
                return RouterDrop.BadOption;
            position += length;
        }

        return null;
    }

    /// <summary>Copies what of a header goes into fragments but the first (RFC 791, 3.1: the copied flag).</summary>
    /// <param name="header">A header whose options are checked.</param>
    /// <param name="later">As much room.</param>
    /// <returns>Bytes of the new header, a multiple of 4; its length fields are still the old ones.</returns>
    internal static int CopyForLater(ReadOnlySpan<byte> header, Span<byte> later)
    {
        int end = Wire.Ipv4View.MinHeaderLength;
        header[..end].CopyTo(later);
        int position = end;
        while (position < header.Length && header[position] != End)
        {
            int length = Length(header[position..]);
            if ((header[position] & CopiedFlag) != 0)
            {
                header.Slice(position, length).CopyTo(later[end..]);
                end += length;
            }

            position += length;
        }

        while (end % 4 != 0)
            later[end++] = End;
        return end;
    }

    private static int Length(ReadOnlySpan<byte> option)
    {
        if (option[0] == NoOperation)
            return 1;
        return option.Length >= 2 && option[1] >= 2 && option[1] <= option.Length ? option[1] : 0;
    }
}
