using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Fabric.Disk.Qcow2;

/// <summary>Zstandard frames (RFC 8878), by the system's libzstd.</summary>
/// <remarks>A frame may ask for a window of its own size; <see cref="WindowLog"/> bounds it, so that a hostile one cannot take the memory.
/// Output is bounded by the cluster.</remarks>
internal sealed class ZstdCodec : ClusterCodec
{
    private const int WindowLog = 23;
    private const int Level = 3;
    private const int SessionOnly = 1;
    private readonly ConcurrentBag<nint> _compressors = [];
    private readonly ConcurrentBag<nint> _decompressors = [];

    public ZstdCodec(string path)
    {
        try
        {
            _ = Native.ZstdIsError(0);
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            throw new DiskException(path, "is compressed with zstd, and libzstd.so.1 is missing here; install libzstd1", Qcow2Header.IncompatibleOffset, missing);
        }
    }

    /// <inheritdoc/>
    public override int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        nint context = _compressors.TryTake(out nint kept) ? kept : Native.ZstdCreateCompressor();
        if (context == 0)
            return 0;
        nuint used = Native.ZstdCompress(context, ref MemoryMarshal.GetReference(destination), (nuint)destination.Length, in MemoryMarshal.GetReference(source), (nuint)source.Length, Level);
        _compressors.Add(context);
        return Native.ZstdIsError(used) != 0 ? 0 : (int)used;
    }

    /// <inheritdoc/>
    public override bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        nint context = _decompressors.TryTake(out nint kept) ? kept : CreateDecompressor();
        if (context == 0)
            return false;
        bool good = Fill(context, source, destination);
        _ = Native.ZstdReset(context, SessionOnly);
        _decompressors.Add(context);
        return good;
    }

    private static nint CreateDecompressor()
    {
        nint context = Native.ZstdCreateDecompressor();
        if (context != 0)
            _ = Native.ZstdSetParameter(context, Native.ZstdWindowLogMax, WindowLog);
        return context;
    }

    private static unsafe bool Fill(nint context, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        // SAFETY: both spans are pinned for the calls, and the lengths are theirs.
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            Native.ZstdBuffer input = new() { Start = (nint)from, Size = (nuint)source.Length };
            Native.ZstdBuffer output = new() { Start = (nint)to, Size = (nuint)destination.Length };
            while (output.Position < output.Size)
            {
                (nuint read, nuint written) = (input.Position, output.Position);
                nuint rest = Native.ZstdDecompress(context, ref output, ref input);
                if (Native.ZstdIsError(rest) != 0 || (input.Position == read && output.Position == written))
                    return false;
            }

            return true;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        while (_compressors.TryTake(out nint context))
            _ = Native.ZstdFreeCompressor(context);
        while (_decompressors.TryTake(out nint context))
            _ = Native.ZstdFreeDecompressor(context);
        base.Dispose(disposing);
    }
}
