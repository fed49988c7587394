namespace Fabric.Disk.Operations;

/// <summary>Finds what of a buffer is zeroes.</summary>
internal static class Zeroes
{
    /// <summary>True when no byte differs from zero. Vectorised; ends at the first that does.</summary>
    public static bool Fill(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyExcept((byte)0);

    /// <summary>Splits a buffer into runs of data and runs of zeroes that are worth leaving out.</summary>
    /// <param name="bytes">The rest of the buffer.</param>
    /// <param name="offset">Its place in the disk: runs change at multiples of the unit.</param>
    /// <param name="unit">A power of two, in bytes.</param>
    /// <param name="least">Shortest run of zeroes that splits data, in bytes.</param>
    /// <param name="length">Length of the first run in bytes.</param>
    /// <returns>True when the first run is data.</returns>
    public static bool FirstRunIsData(ReadOnlySpan<byte> bytes, long offset, int unit, int least, out int length)
    {
        length = Extend(bytes, 0, offset, unit, zero: true);
        if (length > 0)
            return false;
        while (length < bytes.Length)
        {
            length = Extend(bytes, length, offset, unit, zero: false);
            int end = Extend(bytes, length, offset, unit, zero: true);
            if (end - length >= least || end == bytes.Length)
                break;
            length = end;
        }

        return true;
    }

    private static int Extend(ReadOnlySpan<byte> bytes, int start, long offset, int unit, bool zero)
    {
        while (start < bytes.Length)
        {
            int piece = (int)Math.Min(unit - ((offset + start) & (unit - 1)), bytes.Length - start);
            if (Fill(bytes.Slice(start, piece)) != zero)
                break;
            start += piece;
        }

        return start;
    }
}
