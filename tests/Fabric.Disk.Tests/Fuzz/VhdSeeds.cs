using System.Buffers.Binary;
using Fabric.Disk.Formats;
using Fabric.Disk.Vhd;

namespace Fabric.Disk.Tests.Fuzz;

/// <summary>Small VHDs to start from.</summary>
internal static class VhdSeeds
{
    public static List<FuzzSeed> All() =>
    [
        new("fixed", Make(VhdKind.Fixed, 100_352, 4096), FixChecksums),
        new("empty", ImageFuzzer.Make(new VhdFormat(), 3 << 20, "force_size=on"), FixChecksums),
        new("512-byte blocks", Make(VhdKind.Dynamic, 30_208, 512), FixChecksums),
        new("4096-byte blocks", Make(VhdKind.Dynamic, 200_192, 4096), FixChecksums),
        new("32-KiB blocks", Make(VhdKind.Dynamic, 600_064, 32768), FixChecksums),
    ];

    private static byte[] Make(VhdKind kind, long size, int blockSize)
    {
        MemoryStore store = new();
        store.Reset([], int.MaxValue);
        VhdCreator.Write(store, "memory", size, kind, exact: true, blockSize);
        using (ImageDisk disk = new VhdFormat().Open(store, new ImageOpening("memory", false, new DiskOpenOptions(), [])))
            FuzzSeeds.Fill(disk, 700);
        return store.ToArray();
    }

    /// <summary>Seals both footers and the header that they name.</summary>
    internal static void FixChecksums(MemoryStore store)
    {
        Span<byte> bytes = stackalloc byte[1024];
        foreach (long at in (ReadOnlySpan<long>)[0, store.Length - 512])
        {
            if (at < 0)
                continue;
            store.Read(at, bytes[..512]);
            VhdFooter.Seal(bytes[..512], 64);
            store.Patch(at, bytes[..512]);
            long header = BinaryPrimitives.ReadInt64BigEndian(bytes[16..]);
            if (!bytes.StartsWith("conectix"u8) || header < 512 || header > store.Length - 1024)
                continue;
            store.Read(header, bytes);
            VhdFooter.Seal(bytes, 36);
            store.Patch(header, bytes);
        }
    }
}
