using System.Buffers.Binary;
using Fabric.Disk.Formats;

namespace Fabric.Disk.Tests.Fuzz;

/// <summary>Small VMDKs to start from.</summary>
internal static class VmdkSeeds
{
    public static List<FuzzSeed> All()
    {
        VmdkFormat format = new();
        return
        [
            new("empty", ImageFuzzer.Make(format, 1 << 20, "")),
            new("sparse", ImageFuzzer.Make(format, 700_416, "", disk => FuzzSeeds.Fill(disk, 40_000))),
            new("zeroed grains", ImageFuzzer.Make(format, 700_416, "zeroed_grain=on", disk => FuzzSeeds.Fill(disk, 40_000))),
            new("two tables", ImageFuzzer.Make(format, (32 << 20) + 66_048, "", disk => disk.Write(disk.Length - 600, new byte[600]))),
            new("stream", ImageFuzzer.Make(format, 300_032, "subformat=streamOptimized", Text)),
            new("stream with its directory at the end", AtEnd(ImageFuzzer.Make(format, 300_032, "subformat=streamOptimized", Text))),
        ];
    }

    private static void Text(ImageDisk disk)
    {
        byte[] text = new byte[10_000];
        for (int i = 0; i < text.Length; i++)
            text[i] = (byte)(i % 251);
        for (long at = 0; at < disk.Length - text.Length; at += 70_000)
            disk.Write(at, text);
        disk.Flush();
    }

    /// <summary>The same image as other programs lay it out: the real header is a footer.</summary>
    internal static byte[] AtEnd(byte[] image)
    {
        byte[] stream = new byte[((image.Length + 511) & -512) + 1536];
        image.CopyTo(stream, 0);
        Span<byte> footer = stream.AsSpan(stream.Length - 1536);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[12..], 3);
        BinaryPrimitives.WriteUInt64LittleEndian(footer, 1);
        image.AsSpan(0, 512).CopyTo(footer[512..]);
        stream.AsSpan(56, 8).Fill(0xff);
        return stream;
    }
}
