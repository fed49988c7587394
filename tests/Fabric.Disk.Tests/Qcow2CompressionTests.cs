using System.Buffers.Binary;

namespace Fabric.Disk.Tests;

/// <summary>Compressed clusters: packed by several threads at once, read by QEMU; and packed by an enemy, read here.</summary>
public sealed class Qcow2CompressionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("cluster_size=64k")]
    [InlineData("cluster_size=512,refcount_bits=64")]
    [InlineData("cluster_size=4k,refcount_bits=1")]
    [InlineData("cluster_size=2M,refcount_bits=2")]
    [InlineData("compat=0.10")]
    [InlineData("extended_l2=on,lazy_refcounts=on")]
    [InlineData("compression_type=zstd")]
    [InlineData("compression_type=zstd,cluster_size=2M")]
    [InlineData("compression_type=zstd,extended_l2=on,cluster_size=16k")]
    public void WhatIsPackedHereIsReadByQemu(string options)
    {
        Tools.Need();
        byte[] content = InteropTests.Content((3 << 20) + 1024);
        string image = _folder["image"];
        DiskImage.Create(image, new DiskCreateOptions { Size = content.Length, FormatOptions = Tools.ParseOptions(options) });
        int packed = 0;
        long overhead = 4 << 20;
        using (ImageDisk disk = DiskImage.Open(image))
        {
            int unit = disk.CompressionUnit;
            overhead += 8L * unit;
            Parallel.For(0, (content.Length + unit - 1) / unit, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
            {
                ReadOnlySpan<byte> part = content.AsSpan(i * unit, Math.Min(unit, content.Length - (i * unit)));
                byte[] room = new byte[unit];
                int length = disk.Compress(part, room);
                Interlocked.Add(ref packed, length > 0 ? 1 : 0);
                DiskStatus status = length > 0 ? disk.WriteCompressed((long)i * unit, room.AsSpan(0, length)) : disk.Write((long)i * unit, part);
                if (status != DiskStatus.Ok)
                    throw new InvalidOperationException(status.ToString());
            });
            new DiskModel(content).ExpectEqual(disk);
            Assert.Equal(DiskStatus.Unsupported, disk.WriteCompressed(0, new byte[100]));
            Assert.Equal(DiskStatus.OutOfRange, disk.WriteCompressed(1, new byte[100]));
        }

        Assert.True(packed > 0);
        Tools.CheckClean(image);
        Tools.CompareEqual(image, content);
        long least = content.Length * 3L / 4;
        Assert.True(options.Contains("512", StringComparison.Ordinal) || new FileInfo(image).Length < least + overhead, "not packed tightly");

        // Written over, given up and packed again.
        DiskModel model = new(content);
        using (ImageDisk disk = DiskImage.Open(image))
        {
            Random random = new(Tools.Seed);
            byte[] room = new byte[disk.CompressionUnit];
            for (int i = 0; i < 60; i++)
            {
                model.Step(disk, random);
                int at = random.Next(content.Length / room.Length) * room.Length;
                content.AsSpan(at, room.Length).Fill((byte)i);
                Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(at, room.Length, DiskFlags.MayUnmap));
                Assert.Equal(DiskStatus.Ok, disk.WriteCompressed(at, room.AsSpan(0, disk.Compress(content.AsSpan(at, room.Length), room))));
            }

            model.ExpectEqual(disk);
        }

        Tools.CheckClean(image);
        Tools.CompareEqual(image, content);
    }

    [Fact]
    public void RawDataFilesTakeNothingCompressed()
    {
        DiskImage.Create(_folder["image"], new DiskCreateOptions { Size = 1 << 20, FormatOptions = Tools.ParseOptions("data_file=data") });
        using ImageDisk disk = DiskImage.Open(_folder["image"]);
        Assert.Equal(0, disk.CompressionUnit);
        Assert.Equal(DiskStatus.Unsupported, disk.WriteCompressed(0, new byte[100]));
    }

    [Theory]
    [InlineData("zlib")]
    [InlineData("zstd")]
    public void HostilePackedBytesEndInAStatus(string type)
    {
        string image = _folder["image"];
        DiskImage.Create(image, new DiskCreateOptions { Size = 1 << 20, FormatOptions = Tools.ParseOptions($"compression_type={type}") });
        byte[] room = new byte[65536];
        int length;
        using (ImageDisk disk = DiskImage.Open(image))
        {
            length = disk.Compress(InteropTests.Content(65536), room);
            Assert.Equal(DiskStatus.Ok, disk.WriteCompressed(0, room.AsSpan(0, length)));
        }

        byte[] good = File.ReadAllBytes(image);
        int at = good.AsSpan().IndexOf(room.AsSpan(0, length));
        Random random = new(Tools.Seed);
        byte[] cluster = new byte[65536];

        // A frame that wants a window of 2 GiB and repeats one byte for ever.
        byte[] bomb = [0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 2, 0, 16, 7, 2, 0, 16, 7];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < Tools.Count(200); round++)
        {
            byte[] bytes = good.ToArray();
            if (round == 0)
                bomb.CopyTo(bytes, at);
            else if (round == 1)
                bytes.AsSpan(at, length).Clear();
            else
                for (int i = random.Next(1, 5); i > 0; i--)
                    bytes[at + random.Next(length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(image, bytes);
            using IDisk disk = DiskImage.Open(image);
            DiskStatus status = disk.Read(0, cluster);
            Assert.True(status is DiskStatus.Ok or DiskStatus.Corrupt, status.ToString());
            Assert.True(round > 1 || status == DiskStatus.Corrupt);
        }

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 2_000_000L * Tools.Count(200));
    }

    [Fact]
    public void AnEntryThatPointsBehindTheFileIsCorrupt()
    {
        string image = _folder["image"];
        DiskImage.Create(image, new DiskCreateOptions { Size = 1 << 20 });
        using (IDisk disk = DiskImage.Open(image))
            Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[512]));
        byte[] bytes = File.ReadAllBytes(image);
        long l1 = (long)BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(40));
        long l2 = (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan((int)l1)) & 0x00fffffffffffe00);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan((int)l2), (1UL << 62) | (0xffUL << 54) | (1UL << 40));
        File.WriteAllBytes(image, bytes);
        using (IDisk disk = DiskImage.Open(image, new DiskOpenOptions { ReadOnly = true }))
            Assert.Equal(DiskStatus.Corrupt, disk.Read(0, new byte[512]));
    }
}
