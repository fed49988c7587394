using Fabric.Disk.Formats;

namespace Fabric.Disk.Tests.Fuzz;

/// <summary>The small images that fuzzing starts from, by format.</summary>
internal static class FuzzSeeds
{
    public static IReadOnlyList<FuzzSeed> Of(string format) => format switch
    {
        "qcow2" => Qcow2(),
        "vhdx" => VhdxSeeds.All(),
        "vpc" => VhdSeeds.All(),
        "vmdk" => VmdkSeeds.All(),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    private static List<FuzzSeed> Qcow2()
    {
        Qcow2Format format = new();
        return
        [
            new("empty", ImageFuzzer.Make(format, 1 << 20, "cluster_size=512")),
            new("512-byte clusters", ImageFuzzer.Make(format, 200_192, "cluster_size=512,refcount_bits=16", disk => Fill(disk, 400))),
            new("64-bit refcounts", ImageFuzzer.Make(format, 100_352, "cluster_size=1024,refcount_bits=64", disk => Fill(disk, 700))),
            new("1-bit refcounts", ImageFuzzer.Make(format, 100_352, "cluster_size=4096,refcount_bits=1", disk => Fill(disk, 700))),
            new("extended L2", ImageFuzzer.Make(format, 200_192, "extended_l2=on,cluster_size=16384", disk => Fill(disk, 3000))),
            new("lazy refcounts", ImageFuzzer.Make(format, 100_352, "lazy_refcounts=on,cluster_size=512", disk => Fill(disk, 700))),
            new("zlib", ImageFuzzer.Make(format, 60_416, "cluster_size=1024", Pack)),
            new("zstd", ImageFuzzer.Make(format, 60_416, "compression_type=zstd,cluster_size=4096", Pack)),
        ];
    }

    private static void Pack(ImageDisk disk)
    {
        byte[] unit = new byte[disk.CompressionUnit];
        byte[] packed = new byte[unit.Length];
        for (int i = 0; i < 12; i++)
        {
            new Random(i).NextBytes(unit.AsSpan(0, unit.Length / 3));
            disk.WriteCompressed((long)i * unit.Length, packed.AsSpan(0, disk.Compress(unit, packed)));
        }

        disk.Flush();
    }

    /// <summary>Writes, zeroes and discards here and there, always the same.</summary>
    internal static void Fill(ImageDisk disk, int step)
    {
        byte[] data = new byte[step * 3];
        new Random(3).NextBytes(data);
        for (long at = 0; at + data.Length < disk.Length; at += data.Length * 4L)
            disk.Write(at, data);
        disk.WriteZeroes(0, step, DiskFlags.None);
        disk.WriteZeroes(disk.Length / 2, step * 2, DiskFlags.MayUnmap);
        disk.Discard(disk.Length / 3, step * 2);
        disk.Flush();
    }
}
