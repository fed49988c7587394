namespace Fabric.Disk.Compression;

/// <summary>Raw deflate data (RFC 1951), as qcow2 clusters and VMDK grains hold it, by the runtime's own compression library.</summary>
/// <remarks>The library is that of <c>System.IO.Compression</c>; its entry points are used because the streams there neither take a window size
/// nor write into a caller's memory.</remarks>
internal static unsafe class RawDeflate
{
    private const int LargestWindowBits = 15;

    /// <summary>Packs bytes. Any number of threads may call at once.</summary>
    /// <param name="path">The image, for the message.</param>
    /// <param name="source">The bytes.</param>
    /// <param name="destination">Room.</param>
    /// <param name="windowBits">Window size as a power of two, 8 to 15.</param>
    /// <param name="memoryLevel">Memory for the work, 1 to 9.</param>
    /// <returns>Bytes used, or 0 when there is not room enough.</returns>
    /// <exception cref="DiskException">The runtime comes without the library.</exception>
    public static int Pack(string path, ReadOnlySpan<byte> source, Span<byte> destination, int windowBits, int memoryLevel)
    {
        Native.DeflateStream stream = default;
        try
        {
            if (Native.DeflateInit(ref stream, Native.DeflateDefaultLevel, Native.DeflateMethod, -windowBits, memoryLevel, 0) != 0)
                return 0;
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new DiskException(path, "this .NET runtime comes without its compression library; write the image uncompressed, or with compression_type=zstd", -1, missing);
        }

        try
        {
            // SAFETY: both spans are pinned until the stream is ended, and the lengths are theirs.
            fixed (byte* from = source)
            fixed (byte* to = destination)
            {
                Aim(ref stream, from, source.Length, to, destination.Length);
                return Native.DeflateRun(ref stream, Native.DeflateFinish) == Native.DeflateStreamEnd ? destination.Length - (int)stream.AvailableOut : 0;
            }
        }
        finally
        {
            _ = Native.DeflateEnd(ref stream);
        }
    }

    /// <summary>Unpacks until the destination is full. Any number of threads may call at once.</summary>
    /// <param name="source">Packed bytes, with anything behind them. Hostile.</param>
    /// <param name="destination">Filled completely on success; nothing is written past it in any case.</param>
    /// <returns>False when the data is damaged or ends early.</returns>
    public static bool TryUnpack(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Native.DeflateStream stream = default;
        if (Native.InflateInit(ref stream, -LargestWindowBits) != 0)
            return false;
        try
        {
            // SAFETY: both spans are pinned until the stream is ended, and the lengths are theirs.
            fixed (byte* from = source)
            fixed (byte* to = destination)
            {
                Aim(ref stream, from, source.Length, to, destination.Length);
                int answer = Native.InflateRun(ref stream, Native.DeflateFinish);
                // Out of room with the destination full is as good as the end: more may follow than was asked for.
                return stream.AvailableOut == 0 && answer is Native.DeflateStreamEnd or Native.DeflateNoRoom;
            }
        }
        finally
        {
            _ = Native.InflateEnd(ref stream);
        }
    }

    private static void Aim(ref Native.DeflateStream stream, byte* from, int available, byte* to, int room)
    {
        stream.NextIn = (nint)from;
        stream.AvailableIn = (uint)available;
        stream.NextOut = (nint)to;
        stream.AvailableOut = (uint)room;
    }
}
