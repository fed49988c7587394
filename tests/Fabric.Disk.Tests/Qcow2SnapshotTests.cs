using System.Buffers.Binary;

namespace Fabric.Disk.Tests;

/// <summary>Internal snapshots among requests: qemu-img finds the image clean and each snapshot equal to what was there when it was taken.</summary>
public sealed class Qcow2SnapshotTests
{
    [SkippableTheory]
    [InlineData(512, 16, "none")]
    [InlineData(4096, 8, "backing")]
    [InlineData(65536, 16, "backing")]
    [InlineData(65536, 16, "v2")]
    [InlineData(4096, 16, "compressed")]
    [InlineData(1 << 20, 64, "none")]
    [InlineData(16384, 16, "extended")]
    [InlineData(4096, 16, "lazy")]
    public void SequencesWithSnapshotsLeaveWhatQemuFindsCleanAndEqual(int clusterSize, int refcountBits, string shape)
    {
        Tools.Need();
        int rounds = Tools.Count(1);
        for (int round = 0; round < rounds; round++)
        {
            using TemporaryFolder folder = new();
            Random random = new(Tools.Seed + (round * 6151) + clusterSize + refcountBits);
            SnapshotModel model = SnapshotModel.Make(folder, random, clusterSize, refcountBits, shape);
            for (int opening = 0; opening < 2; opening++)
            {
                model.Exercise(random, 25);
                model.JudgeByQemu();
            }
        }
    }

    [SkippableFact]
    public void SnapshotsThatQemuTookAreRevertedAndDeletedHereAndTheOtherWayRound()
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        Random random = new(Tools.Seed);
        SnapshotModel model = SnapshotModel.Make(folder, random, 65536, 16, "none");
        model.Exercise(random, 5);
        Tools.Expect("/", "qemu-img", "snapshot", "-c", "qemu's", model.Path);
        byte[] kept = model.Bytes.ToArray();
        using (ImageDisk disk = DiskImage.Open(model.Path))
        {
            Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[100_000]));
            disk.CreateSnapshot("ours", DateTimeOffset.UnixEpoch.AddSeconds(1_000_000_000));
            Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(0, disk.Length));
            disk.RevertSnapshot("qemu's");
            new DiskModel(kept).ExpectEqual(disk);
            disk.DeleteSnapshot("qemu's");
        }

        Tools.CheckClean(model.Path);
        Assert.Contains("ours", Tools.Expect("/", "qemu-img", "snapshot", "-l", model.Path));
        Assert.Contains("2001-09-09", Tools.Expect("/", "qemu-img", "snapshot", "-l", model.Path));
        Tools.Expect("/", "qemu-img", "snapshot", "-a", "ours", model.Path);
        Tools.Expect("/", "qemu-img", "snapshot", "-d", "ours", model.Path);
        Tools.CheckClean(model.Path);
        kept.AsSpan(0, 100_000).Clear();
        Tools.CompareEqual(model.Path, kept);
    }

    [Fact]
    public void ACountThatCannotRiseRefusesTheSnapshotAndLeavesTheImageAsItWas()
    {
        using TemporaryFolder folder = new();
        string image = folder["one.qcow2"];
        DiskImage.Create(image, new DiskCreateOptions { Size = 1 << 20, FormatOptions = Tools.Options(4096, 1) });
        using (ImageDisk disk = DiskImage.Open(image))
        {
            Assert.Equal(DiskStatus.Ok, disk.Write(5000, new byte[3000]));
            Assert.Throws<DiskException>(() => disk.CreateSnapshot("no", DateTimeOffset.UnixEpoch));
            Assert.Empty(disk.Snapshots);
            Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[9000]));
        }

        Assert.Equal(0, Qcow2Checker.Check(File.ReadAllBytes(image)));
    }

    [Theory]
    [InlineData(0, 8, 0x7fff_ffff_ffff_fe00ul)]
    [InlineData(0, 8, 0x1000_0000ul)]
    [InlineData(0, 8, 0x1_0001ul)]
    [InlineData(8, 4, 0xffff_fffful)]
    [InlineData(8, 4, 0x0080_0000ul)]
    [InlineData(36, 4, 0xffff_fff0ul)]
    [InlineData(36, 4, 2000ul)]
    [InlineData(48, 8, 0xffff_ffff_ffff_fffful)]
    [InlineData(48, 8, 0x7fff_ffff_ffff_ff00ul)]
    public void HostileSnapshotEntriesAreRefused(int field, int width, ulong value)
    {
        // The classes of CVE-2014-0143 to -0147: huge counts, overflowing places and lengths, a snapshot larger than what holds it.
        using TemporaryFolder folder = new();
        string image = folder["bad.qcow2"];
        DiskImage.Create(image, new DiskCreateOptions { Size = 1 << 20 });
        using (ImageDisk disk = DiskImage.Open(image))
            disk.CreateSnapshot("s", DateTimeOffset.UnixEpoch);
        byte[] bytes = File.ReadAllBytes(image);
        int entry = (int)BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(64)) + field;
        if (width == 8)
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(entry), value);
        else
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(entry), (uint)value);
        File.WriteAllBytes(image, bytes);
        DiskException refused = Assert.Throws<DiskException>(() =>
        {
            using ImageDisk disk = DiskImage.Open(image);
            disk.RevertSnapshot("s");
        });
        Assert.Equal(image, refused.Path);
    }

    [SkippableFact]
    public void RewritingTheBackingNameKeepsWhatIsNotUnderstood()
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        string image = folder["over.qcow2"];
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "base.qcow2", "1M");
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", image);
        byte[] bytes = File.ReadAllBytes(image);
        AddExtension(bytes, 0x12345678, "not understood"u8.ToArray());
        File.WriteAllBytes(image, bytes);
        using (ImageDisk disk = DiskImage.Open(image))
            disk.SetBacking("a-much-longer-name-of-a-file.raw", DiskFormat.Raw);
        Assert.Contains("a-much-longer-name-of-a-file.raw", Tools.Expect(folder.Path, "qemu-img", "info", image));
        Assert.True(File.ReadAllBytes(image).AsSpan(0, 65536).IndexOf("not understood"u8) > 0);
        File.WriteAllBytes(folder["a-much-longer-name-of-a-file.raw"], new byte[1 << 20]);
        Tools.CheckClean(image);
        using (ImageDisk disk = DiskImage.Open(image))
            disk.SetBacking(null, null);
        Assert.DoesNotContain("backing", Tools.Expect(folder.Path, "qemu-img", "info", image));
        Tools.CheckClean(image);
        using (ImageDisk disk = DiskImage.Open(image))
        {
            DiskException refused = Assert.Throws<DiskException>(() => disk.SetBacking(new string('x', 2000), DiskFormat.Raw));
            Assert.Contains("1023", refused.Message);
        }
    }

    private static void AddExtension(byte[] image, uint type, byte[] data)
    {
        // In front of the others; the name of the backing file moves with them.
        int length = BinaryPrimitives.ReadInt32BigEndian(image.AsSpan(100));
        int room = 8 + ((data.Length + 7) & ~7);
        image.AsSpan(length, 4096).ToArray().CopyTo(image, length + room);
        image.AsSpan(length, room).Clear();
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(length), type);
        BinaryPrimitives.WriteInt32BigEndian(image.AsSpan(length + 4), data.Length);
        data.CopyTo(image, length + 8);
        BinaryPrimitives.WriteInt64BigEndian(image.AsSpan(8), BinaryPrimitives.ReadInt64BigEndian(image.AsSpan(8)) + room);
    }
}
