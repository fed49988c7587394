using System.Collections.Concurrent;

namespace Fabric.Disk.Qcow2;

/// <summary>Raw deflate (RFC 1951) with a window of 4 KiB: QEMU unpacks with no more than that.</summary>
internal sealed class DeflateCodec(string path) : ClusterCodec
{
    private const int WindowBits = 12;
    private const int MemoryLevel = 9;
    private readonly ConcurrentBag<Inflate> _inflates = [];

    /// <inheritdoc/>
    public override unsafe int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Native.DeflateStream stream = default;
        try
        {
            if (Native.DeflateInit(ref stream, Native.DeflateDefaultLevel, Native.DeflateMethod, -WindowBits, MemoryLevel, 0) != 0)
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
                stream.NextIn = (nint)from;
                stream.AvailableIn = (uint)source.Length;
                stream.NextOut = (nint)to;
                stream.AvailableOut = (uint)destination.Length;
                return Native.DeflateRun(ref stream, Native.DeflateFinish) == Native.DeflateStreamEnd ? destination.Length - (int)stream.AvailableOut : 0;
            }
        }
        finally
        {
            _ = Native.DeflateEnd(ref stream);
        }
    }

    /// <inheritdoc/>
    public override bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        Inflate inflate = _inflates.TryTake(out Inflate? kept) ? kept : new Inflate();
        bool good = inflate.TryFill(source, destination);
        _inflates.Add(inflate);
        return good;
    }
}
