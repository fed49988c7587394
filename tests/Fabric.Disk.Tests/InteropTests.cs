namespace Fabric.Disk.Tests;

/// <summary>Images made by QEMU read here, and the reverse.</summary>
public sealed class InteropTests
{
    [SkippableTheory]
    [InlineData("cluster_size=512,refcount_bits=1", false)]
    [InlineData("cluster_size=4096,refcount_bits=2", true)]
    [InlineData("cluster_size=65536,refcount_bits=64", true)]
    [InlineData("cluster_size=2097152", true)]
    [InlineData("compat=0.10", true)]
    [InlineData("preallocation=metadata", false)]
    [InlineData("preallocation=falloc,cluster_size=8192", false)]
    [InlineData("lazy_refcounts=on", false)]
    [InlineData("compression_type=zstd", true)]
    [InlineData("compression_type=zstd,cluster_size=2M", true)]
    [InlineData("compression_type=zstd,cluster_size=512", true)]
    [InlineData("extended_l2=on", true)]
    [InlineData("extended_l2=on,compression_type=zstd,cluster_size=16k", true)]
    [InlineData("data_file=image.data", false)]
    public void QemuImagesReadWriteAndStayClean(string creation, bool compressed)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        byte[] content = Content(3 << 20);
        File.WriteAllBytes(folder["raw"], content);
        if (creation.Contains("prealloc", StringComparison.Ordinal))
        {
            Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", creation, "image", "3M");
            Tools.Expect(folder.Path, "qemu-img", "convert", "-n", "-f", "raw", "-O", "qcow2", "raw", "image");
        }
        else
        {
            List<string> arguments = ["convert", "-f", "raw", "-O", "qcow2", "-o", creation, "raw", "image"];
            if (compressed)
                arguments.Insert(1, "-c");
            Tools.Expect(folder.Path, "qemu-img", [.. arguments]);
        }

        DiskModel model = new(content);
        using (IDisk disk = DiskImage.Open(folder["image"], new DiskOpenOptions { ReadOnly = true }))
        {
            model.ExpectEqual(disk);
            Assert.Equal(DiskStatus.ReadOnly, disk.Write(0, new byte[512]));
        }

        using (IDisk disk = DiskImage.Open(folder["image"]))
        {
            Random random = new(Tools.Seed);
            for (int i = 0; i < 80; i++)
                model.Step(disk, random);
            model.ExpectEqual(disk);
        }

        Tools.CheckClean(folder["image"]);
        Tools.CompareEqual(folder["image"], model.Bytes);
    }

    internal static byte[] Content(int size)
    {
        byte[] content = new byte[size];
        Random random = new(3);
        for (int at = 0; at < size; at += 8192)
        {
            // Runs, text-like bytes and noise, so that compression uses every kind of block.
            Span<byte> part = content.AsSpan(at, Math.Min(8192, size - at));
            switch (random.Next(4))
            {
                case 0:
                    random.NextBytes(part);
                    break;
                case 1:
                    part.Fill((byte)random.Next());
                    break;
                case 2:
                    for (int i = 0; i < part.Length; i++)
                        part[i] = (byte)"the quick brown fox "[random.Next(20)];
                    break;
            }
        }

        return content;
    }

    [SkippableFact]
    public void InternalSnapshotsSurviveWritesToTheActiveImage()
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        byte[] before = Content(2 << 20);
        File.WriteAllBytes(folder["raw"], before);
        Tools.Expect(folder.Path, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "raw", "image");
        Tools.Expect(folder.Path, "qemu-img", "snapshot", "-c", "first", "image");
        DiskModel model = new(before.ToArray());
        for (int opening = 0; opening < 3; opening++)
        {
            using (IDisk disk = DiskImage.Open(folder["image"]))
            {
                Random random = new(Tools.Seed + opening);
                for (int i = 0; i < 60; i++)
                    model.Step(disk, random);
                model.ExpectEqual(disk);
            }

            Tools.CheckClean(folder["image"]);
            if (opening == 0)
                Tools.Expect(folder.Path, "qemu-img", "snapshot", "-c", "second", "image");
        }

        Tools.CompareEqual(folder["image"], model.Bytes);
        Tools.Expect(folder.Path, "qemu-img", "snapshot", "-a", "first", "image");
        Tools.CheckClean(folder["image"]);
        Tools.CompareEqual(folder["image"], before);
    }

    [SkippableFact]
    public void InfoSaysWhatQemuSays()
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4096,refcount_bits=8", "base", "5M");
        DiskImage.Create(folder["top"], new DiskCreateOptions { BackingPath = "base" });
        foreach (string image in new[] { folder["base"], folder["top"] })
        {
            using MemoryStream ours = new();
            using (System.Text.Json.Utf8JsonWriter writer = new(ours))
                DiskImage.Inspect(image).WriteJson(writer);
            using var mine = System.Text.Json.JsonDocument.Parse(ours.ToArray());
            using var theirs = System.Text.Json.JsonDocument.Parse(Tools.Expect(folder.Path, "qemu-img", "info", "--output=json", image));
            Assert.True(System.Text.Json.JsonElement.DeepEquals(theirs.RootElement, mine.RootElement), $"{theirs.RootElement}\n{mine.RootElement}");
        }
    }

    [SkippableFact]
    public void ADirtyImageIsRepairedWhenOpenedForWriting()
    {
        Tools.Need("qemu-io");
        using TemporaryFolder folder = new();
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "lazy_refcounts=on,cluster_size=4096", "image", "64M");
        // Aborting leaves the dirty bit and counts that were never written.
        Tools.Run(folder.Path, "qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 3M", "-c", "write -P 8 40M 1M", "-c", "flush", "-c", "abort", "image");
        Assert.True(DiskImage.Inspect(folder["image"]).IsDirty);
        using (IDisk disk = DiskImage.Open(folder["image"]))
        {
            byte[] one = new byte[1 << 20];
            Assert.Equal(DiskStatus.Ok, disk.Read(40 << 20, one));
            Assert.Equal(-1, one.AsSpan().IndexOfAnyExcept((byte)8));
            Assert.Equal(DiskStatus.Ok, disk.Write(50 << 20, one));
        }

        Assert.False(DiskImage.Inspect(folder["image"]).IsDirty);
        Tools.CheckClean(folder["image"]);
    }

    [SkippableTheory]
    [InlineData("lazy_refcounts=on,cluster_size=4096")]
    [InlineData("lazy_refcounts=on,extended_l2=on,compression_type=zstd")]
    public void WhatALazyDiskLeavesWhenItsProcessDiesIsRepairedByQemu(string options)
    {
        Tools.Need("qemu-io");
        using TemporaryFolder folder = new();
        DiskModel model = new(new byte[4 << 20]);
        DiskImage.Create(folder["image"], new DiskCreateOptions { Size = 4 << 20, FormatOptions = Tools.ParseOptions(options) });
        using (IDisk disk = DiskImage.Open(folder["image"]))
        {
            Random random = new(Tools.Seed);
            for (int i = 0; i < 60; i++)
                model.Step(disk, random);
            Assert.Equal(DiskStatus.Ok, disk.Flush());
            File.Copy(folder["image"], folder["left"]);
        }

        Assert.False(DiskImage.Inspect(folder["image"]).IsDirty);
        Tools.CheckClean(folder["image"]);
        Assert.True(DiskImage.Inspect(folder["left"]).IsDirty);
        Tools.Expect(folder.Path, "qemu-io", "-f", "qcow2", "-c", "write 0 0", "left");
        Assert.False(DiskImage.Inspect(folder["left"]).IsDirty);
        Tools.CheckClean(folder["left"]);
        Tools.CompareEqual(folder["left"], model.Bytes);
    }
}
