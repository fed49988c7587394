using System.Buffers.Binary;
using Fabric.Disk.Qcow2;

namespace Fabric.Disk.Tests;

/// <summary>Passes over the whole mapping by runs: of tables side by side, of counts of every width, and of images that lie.</summary>
public sealed class Qcow2TreeTests
{
    private const int Clusters = 16;
    private const int ClusterSize = 4096;

    [Theory]
    [InlineData(512, 16)]
    [InlineData(512, 64)]
    [InlineData(4096, 4)]
    [InlineData(4096, 32)]
    [InlineData(65536, 8)]
    public void MappedImagesKeepTheirCountsThroughSnapshotsWritesAndDeletions(int clusterSize, int refcountBits)
    {
        foreach (int held in (int[])[0, RefcountPages.Capacity])
        {
            Random random = new(Tools.Seed + clusterSize + refcountBits);
            using TemporaryFolder folder = new();
            string image = folder["mapped.qcow2"];
            int size = clusterSize * 700;
            Dictionary<string, string> options = Tools.Options(clusterSize, refcountBits);
            options["preallocation"] = "metadata";
            DiskImage.Create(image, new DiskCreateOptions { Size = size, FormatOptions = options });
            byte[] bytes = new byte[size];
            using (ImageDisk opened = DiskImage.Open(image))
            {
                Qcow2Disk disk = (Qcow2Disk)opened;
                disk.MaxHeldPages = held;
                Write(disk, bytes, random);
                string first = disk.CreateSnapshot("first", DateTimeOffset.UnixEpoch).Id;
                byte[] kept = [.. bytes];
                Write(disk, bytes, random);
                disk.CreateSnapshot("second", DateTimeOffset.UnixEpoch);
                JudgeSound(image);
                Write(disk, bytes, random);
                disk.RevertSnapshot(first);
                new DiskModel(kept).ExpectEqual(disk);
                JudgeSound(image);
                disk.DeleteSnapshot("second");
                JudgeSound(image);
                disk.DeleteSnapshot("first");
                new DiskModel(kept).ExpectEqual(disk);
            }

            Assert.Equal(0, Qcow2Checker.Check(File.ReadAllBytes(image)));
        }
    }

    private static void JudgeSound(string image) => Assert.Equal(0, Qcow2Checker.Check(File.ReadAllBytes(image)));

    private static void Write(ImageDisk disk, byte[] bytes, Random random)
    {
        for (int i = 0; i < 60; i++)
        {
            int at = random.Next(bytes.Length - 5000);
            Span<byte> piece = bytes.AsSpan(at, random.Next(1, 5000));
            random.NextBytes(piece);
            Assert.Equal(DiskStatus.Ok, disk.Write(at, piece));
        }

        Assert.Equal(DiskStatus.Ok, disk.Flush());
    }

    [Theory]
    [InlineData(0x0080_0000_0000_0200UL, "no cluster")]
    [InlineData(0x0000_7000_0000_0000UL, "counted as free")]
    [InlineData(0x00ff_ffff_ffff_f000UL, "counted as free")]
    [InlineData(0x4000_0000_7fff_0000UL, "counted as free")]
    [InlineData(0x7fff_ffff_ffff_ffffUL, "counted as free")]
    public void ATableThatLiesRefusesTheSnapshotAndNothingIsWritten(ulong entry, string why)
    {
        foreach (int held in (int[])[0, RefcountPages.Capacity])
        {
            using TemporaryFolder folder = new();
            string image = Make(folder, refcountBits: 16);
            byte[] bytes = File.ReadAllBytes(image);
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(Table(bytes) + (5 * 8)), entry);
            File.WriteAllBytes(image, bytes);
            Assert.Contains(why, Refusal(image, held), StringComparison.Ordinal);
            Assert.Equal(bytes, File.ReadAllBytes(image));
        }
    }

    /// <summary>Two entries name one cluster, counted twice: each alone could rise once more, both together cannot.</summary>
    [Fact]
    public void ClustersNamedMoreOftenThanACountHoldsRefuseTheSnapshot()
    {
        foreach (int held in (int[])[0, RefcountPages.Capacity])
        {
            using TemporaryFolder folder = new();
            string image = Make(folder, refcountBits: 2);
            byte[] bytes = File.ReadAllBytes(image);
            int table = Table(bytes);
            ulong entry = BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(table)) & ~(1UL << 63);
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(table), entry);
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(table + 8), entry);
            int cluster = (int)(entry / ClusterSize);
            int counts = (int)BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan((int)BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(48))));
            bytes[counts + (cluster / 4)] ^= (byte)(3 << (cluster % 4 * 2));
            File.WriteAllBytes(image, bytes);
            Refusal(image, held);
            using ImageDisk disk = DiskImage.Open(image);
            Assert.Empty(disk.Snapshots);
            Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[ClusterSize * Clusters]));
        }
    }

    [Fact]
    public void CountsOfEveryWidthAreComparedAndFilledAsOneByOne()
    {
        Random random = new(Tools.Seed);
        for (int i = 0; i < 350; i++)
        {
            int order = i % 7;
            byte[] block = new byte[512];
            int entries = (block.Length * 8) >> order;
            int first = random.Next(entries);
            int length = random.Next(1, Math.Min(entries - first, 300) + 1);
            ulong value = RefcountWidth.Max(order) & (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            random.NextBytes(block);
            byte[] before = [.. block];
            RefcountWidth.Fill(block, order, first, length, value);
            for (int entry = 0; entry < entries; entry++)
                Assert.Equal(entry >= first && entry < first + length ? value : RefcountWidth.Get(before, order, entry), RefcountWidth.Get(block, order, entry));
            int alike = RefcountWidth.Alike(block, order, first, entries - first);
            for (int entry = first; entry < first + alike; entry++)
                Assert.Equal(value, RefcountWidth.Get(block, order, entry));
            Assert.True(alike >= length && (first + alike == entries || RefcountWidth.Get(block, order, first + alike) != value));
        }
    }

    private static string Make(TemporaryFolder folder, int refcountBits)
    {
        string image = folder["one.qcow2"];
        DiskImage.Create(image, new DiskCreateOptions { Size = ClusterSize * Clusters, FormatOptions = Tools.Options(ClusterSize, refcountBits) });
        using ImageDisk disk = DiskImage.Open(image);
        Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[ClusterSize * Clusters]));
        return image;
    }

    private static int Table(byte[] image)
    {
        long l1 = BinaryPrimitives.ReadInt64BigEndian(image.AsSpan(40));
        return (int)(BinaryPrimitives.ReadInt64BigEndian(image.AsSpan((int)l1)) & 0x00ff_ffff_ffff_fe00);
    }

    private static string Refusal(string image, int held)
    {
        using ImageDisk disk = DiskImage.Open(image);
        ((Qcow2Disk)disk).MaxHeldPages = held;
        return Assert.Throws<DiskException>(() => disk.CreateSnapshot("no", DateTimeOffset.UnixEpoch)).Message;
    }
}
