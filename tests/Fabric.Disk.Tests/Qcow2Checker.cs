using System.Buffers.Binary;

namespace Fabric.Disk.Tests;

/// <summary>An independent reading of a qcow2 file with plain tables: counts references and compares. Written from the standard alone.</summary>
internal static class Qcow2Checker
{
    private static ulong Be64(byte[] file, long at) => at + 8 <= file.Length ? BinaryPrimitives.ReadUInt64BigEndian(file.AsSpan((int)at)) : 0;

    private static uint Be32(byte[] file, long at) => BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan((int)at));

    /// <summary>Throws on any error; returns the number of leaked clusters.</summary>
    public static int Check(byte[] file)
    {
        Assert.Equal(0x514649fbu, Be32(file, 0));
        int bits = (int)Be32(file, 20);
        int order = Be32(file, 4) == 3 ? (int)Be32(file, 96) : 4;
        ulong features = Be32(file, 4) == 3 ? Be64(file, 72) : 0;
        bool elsewhere = (features & 4) != 0;
        bool extended = (features & 16) != 0;
        Dictionary<long, int> references = [];
        List<(long Offset, bool Copied)> copied = [];
        long clusterSize = 1L << bits;
        void Refer(long offset, long bytes)
        {
            for (long cluster = offset >> bits; cluster < (offset + bytes + clusterSize - 1) >> bits; cluster++)
                references[cluster] = references.GetValueOrDefault(cluster) + 1;
        }

        Refer(0, clusterSize);
        long tableOffset = (long)Be64(file, 48);
        long tableBytes = (long)Be32(file, 56) << bits;
        Refer(tableOffset, tableBytes);
        for (long i = 0; i < tableBytes; i += 8)
            if (Be64(file, tableOffset + i) is var block && block != 0)
            {
                Assert.Equal(0UL, block % (ulong)clusterSize);
                Refer((long)block, clusterSize);
            }

        void Tree(long l1Offset, uint entries, bool active)
        {
            Refer(l1Offset, entries * 8L);
            for (uint i = 0; i < entries; i++)
            {
                ulong l1 = Be64(file, l1Offset + (i * 8));
                long l2 = (long)(l1 & 0x00fffffffffffe00);
                if (l2 == 0)
                    continue;
                Refer(l2, clusterSize);
                if (active)
                    copied.Add((l2, l1 >> 63 == 1));
                for (long j = 0; j < clusterSize; j += extended ? 16 : 8)
                {
                    ulong entry = Be64(file, l2 + j);
                    ulong bitmap = extended ? Be64(file, l2 + j + 8) : 0;
                    Assert.True((bitmap & (bitmap >> 32) & 0xffffffff) == 0, "a subcluster is both there and zero");
                    Assert.True((entry & 0x00fffffffffffe00) != 0 || elsewhere || (bitmap & 0xffffffff) == 0, "a subcluster is nowhere");
                    if (((entry >> 62) & 1) != 0)
                    {
                        int shift = 62 - (bits - 8);
                        long start = (long)(entry & ((1UL << shift) - 1));
                        long sectors = (long)((entry & 0x3fffffffffffffff) >> shift) + 1;
                        long first = start & ~511L;
                        for (long cluster = first >> bits; cluster <= (first + (sectors * 512) - 1) >> bits; cluster++)
                            references[cluster] = references.GetValueOrDefault(cluster) + 1;
                        continue;
                    }

                    long host = (long)(entry & 0x00fffffffffffe00);
                    if (elsewhere)
                        Assert.True(entry >> 63 == 0 || host == ((i * clusterSize / (extended ? 16 : 8)) + (j / (extended ? 16 : 8))) << bits, "data is not at its own place");
                    if (host == 0 || elsewhere)
                        continue;
                    Assert.Equal(0, host % clusterSize);
                    Refer(host, clusterSize);
                    if (active)
                        copied.Add((host, entry >> 63 == 1));
                }
            }
        }

        Tree((long)Be64(file, 40), Be32(file, 36), active: true);
        long snapshot = (long)Be64(file, 64);
        uint snapshots = Be32(file, 60);
        long begin = snapshot;
        for (uint i = 0; i < snapshots; i++)
        {
            snapshot = (snapshot + 7) & ~7L;
            Tree((long)Be64(file, snapshot), Be32(file, snapshot + 8), active: false);
            snapshot += 40 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan((int)snapshot + 12))
                + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan((int)snapshot + 14)) + Be32(file, snapshot + 36);
        }

        if (snapshots > 0)
            Refer(begin, snapshot - begin);
        return Compare(file, bits, order, tableOffset, tableBytes, references, copied);
    }

    private static int Compare(byte[] file, int bits, int order, long tableOffset, long tableBytes, Dictionary<long, int> references, List<(long Offset, bool Copied)> copied)
    {
        long perBlock = (8L << bits) >> order;
        ulong Stored(long cluster)
        {
            long entry = cluster / perBlock * 8;
            long block = entry < tableBytes ? (long)Be64(file, tableOffset + entry) : 0;
            if (block == 0)
                return 0;
            ulong value = 0;
            long bit = (cluster % perBlock) << order;
            if (order < 3)
                return block + (bit / 8) < file.Length ? (ulong)(file[block + (bit / 8)] >> (int)(bit % 8)) & ((1UL << (1 << order)) - 1) : 0;
            for (int i = 0; i < 1 << (order - 3); i++)
                value = (value << 8) | (block + (bit / 8) + i < file.Length ? file[block + (bit / 8) + i] : 0UL);
            return value;
        }

        int leaks = 0;
        foreach ((long cluster, int count) in references)
        {
            ulong stored = Stored(cluster);
            Assert.True(stored >= (ulong)count, $"cluster {cluster} is used {count} times and counted {stored}");
            if (stored > (ulong)count)
                leaks++;
        }

        foreach ((long offset, bool claimed) in copied)
            Assert.True(!claimed || references[offset >> bits] == 1, $"cluster at {offset:x} claims to be used once and is not");
        for (long cluster = 0; cluster < (file.Length + (1L << bits) - 1) >> bits; cluster++)
            if (!references.ContainsKey(cluster) && Stored(cluster) != 0)
                leaks++;
        return leaks;
    }
}
