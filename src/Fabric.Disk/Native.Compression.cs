using System.Runtime.InteropServices;

namespace Fabric.Disk;

/// <content>Compression: deflate of the runtime's own library, zstd of the system's.</content>
internal static partial class Native
{
    internal const int DeflateMethod = 8;
    internal const int DeflateDefaultLevel = -1;
    internal const int DeflateFinish = 4;
    internal const int DeflateStreamEnd = 1;
    internal const int DeflateNoRoom = -5;
    internal const int ZstdWindowLogMax = 100;
    private const string Deflate = "libSystem.IO.Compression.Native";
    private const string Zstd = "libzstd.so.1";

    /// <summary>The runtime's view of a z_stream.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct DeflateStream
    {
        public nint NextIn;
        public nint NextOut;
        public nint Message;
        public nint State;
        public uint AvailableIn;
        public uint AvailableOut;
    }

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct ZstdBuffer
    {
        public nint Start;
        public nuint Size;
        public nuint Position;
    }

    [LibraryImport(Deflate, EntryPoint = "CompressionNative_DeflateInit2_")]
    internal static partial int DeflateInit(ref DeflateStream stream, int level, int method, int windowBits, int memoryLevel, int strategy);

    [LibraryImport(Deflate, EntryPoint = "CompressionNative_Deflate")]
    internal static partial int DeflateRun(ref DeflateStream stream, int flush);

    [LibraryImport(Deflate, EntryPoint = "CompressionNative_DeflateEnd")]
    internal static partial int DeflateEnd(ref DeflateStream stream);

    [LibraryImport(Deflate, EntryPoint = "CompressionNative_InflateInit2_")]
    internal static partial int InflateInit(ref DeflateStream stream, int windowBits);

    [LibraryImport(Deflate, EntryPoint = "CompressionNative_Inflate")]
    internal static partial int InflateRun(ref DeflateStream stream, int flush);

    [LibraryImport(Deflate, EntryPoint = "CompressionNative_InflateEnd")]
    internal static partial int InflateEnd(ref DeflateStream stream);

    [LibraryImport(Zstd, EntryPoint = "ZSTD_createCCtx")]
    internal static partial nint ZstdCreateCompressor();

    [LibraryImport(Zstd, EntryPoint = "ZSTD_freeCCtx")]
    internal static partial nuint ZstdFreeCompressor(nint context);

    [LibraryImport(Zstd, EntryPoint = "ZSTD_compressCCtx")]
    internal static partial nuint ZstdCompress(nint context, ref byte destination, nuint room, in byte source, nuint length, int level);

    [LibraryImport(Zstd, EntryPoint = "ZSTD_createDCtx")]
    internal static partial nint ZstdCreateDecompressor();

    [LibraryImport(Zstd, EntryPoint = "ZSTD_freeDCtx")]
    internal static partial nuint ZstdFreeDecompressor(nint context);

    [LibraryImport(Zstd, EntryPoint = "ZSTD_DCtx_setParameter")]
    internal static partial nuint ZstdSetParameter(nint context, int parameter, int value);

    [LibraryImport(Zstd, EntryPoint = "ZSTD_DCtx_reset")]
    internal static partial nuint ZstdReset(nint context, int what);

    [LibraryImport(Zstd, EntryPoint = "ZSTD_decompressStream")]
    internal static partial nuint ZstdDecompress(nint context, ref ZstdBuffer output, ref ZstdBuffer input);

    [LibraryImport(Zstd, EntryPoint = "ZSTD_isError")]
    internal static partial uint ZstdIsError(nuint code);
}
