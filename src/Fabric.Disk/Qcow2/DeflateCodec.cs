using Fabric.Disk.Compression;

namespace Fabric.Disk.Qcow2;

/// <summary>Raw deflate (RFC 1951) with a window of 4 KiB: QEMU unpacks with no more than that.</summary>
internal sealed class DeflateCodec(string path) : ClusterCodec
{
    private const int WindowBits = 12;
    private const int MemoryLevel = 9;

    /// <inheritdoc/>
    public override int Compress(ReadOnlySpan<byte> source, Span<byte> destination) => RawDeflate.Pack(path, source, destination, WindowBits, MemoryLevel);

    /// <inheritdoc/>
    public override bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> destination) => RawDeflate.TryUnpack(source, destination);
}
