namespace Fabric.Disk.Tests;

/// <summary>Seeded sequences of requests, judged by qemu-img check and compare.</summary>
public sealed class Qcow2RandomTests
{
    [SkippableTheory]
    [InlineData("cluster_size=512", "none")]
    [InlineData("cluster_size=512,refcount_bits=64", "qcow2")]
    [InlineData("cluster_size=4096,refcount_bits=1", "raw")]
    [InlineData("cluster_size=4096,refcount_bits=2,lazy_refcounts=on", "qcow2")]
    [InlineData("cluster_size=65536", "none")]
    [InlineData("cluster_size=65536,refcount_bits=4", "qcow2")]
    [InlineData("compat=0.10", "qcow2")]
    [InlineData("compat=0.10,cluster_size=1024", "none")]
    [InlineData("cluster_size=1M,refcount_bits=32", "raw")]
    [InlineData("cluster_size=2M", "none")]
    [InlineData("extended_l2=on", "none")]
    [InlineData("extended_l2=on,cluster_size=16384,refcount_bits=8", "qcow2")]
    [InlineData("extended_l2=on,cluster_size=2M,lazy_refcounts=on", "raw")]
    [InlineData("extended_l2=on,cluster_size=32k,preallocation=metadata", "qcow2")]
    [InlineData("preallocation=metadata,cluster_size=8k", "none")]
    [InlineData("data_file=other", "none")]
    [InlineData("data_file=other,cluster_size=512", "raw")]
    [InlineData("data_file=other,extended_l2=on,cluster_size=16k", "qcow2")]
    [InlineData("data_file=other,data_file_raw=on,cluster_size=4k", "none")]
    [InlineData("data_file=other,data_file_raw=on,extended_l2=on", "none")]
    public void SequencesLeaveWhatQemuFindsCleanAndEqual(string options, string backing)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        int rounds = Tools.Count(1);
        for (int round = 0; round < rounds; round++)
        {
            int hash = options.Aggregate(0, (sum, c) => (sum * 31) + c);
            Random random = new(Tools.Seed + (round * 7919) + (hash & 0xfffff));
            int size = (random.Next(1, 6) << 20) + (random.Next(2048) * 512);
            string image = folder["image"];
            byte[] model = new byte[size];
            if (backing != "none")
                MakeBacking(folder, backing, random, model);
            bool byQemu = random.Next(2) == 0;
            Make(folder, options, backing, size, byQemu);
            Exercise(image, new DiskModel(model), random);
            if (options.Contains("data_file_raw", StringComparison.Ordinal))
                Assert.True(File.ReadAllBytes(folder["other"]).AsSpan(0, size).SequenceEqual(model), "the raw data file differs");
            Array.ForEach(Directory.GetFiles(folder.Path), File.Delete);
        }
    }

    private static void MakeBacking(TemporaryFolder folder, string kind, Random random, byte[] model)
    {
        // Shorter than the overlay: what lies behind its end reads as zeroes.
        int size = ((model.Length * 3) / 4) & -512;
        byte[] below = new byte[size];
        random.NextBytes(below.AsSpan(size / 4, size / 3));
        below.CopyTo(model, 0);
        string raw = folder["base.raw"];
        File.WriteAllBytes(raw, below);
        Tools.Expect(folder.Path, "qemu-img", "convert", "-f", "raw", "-O", kind, raw, folder["base"]);
    }

    private static void Make(TemporaryFolder folder, string options, string backing, int size, bool byQemu)
    {
        if (byQemu)
        {
            List<string> arguments = ["create", "-q", "-f", "qcow2", "-o", options];
            if (backing != "none")
                arguments.AddRange(["-b", "base", "-F", backing]);
            Tools.Expect(folder.Path, "qemu-img", [.. arguments, "image", $"{size}"]);
            return;
        }

        DiskImage.Create(folder["image"], new DiskCreateOptions
        {
            Size = size,
            FormatOptions = Tools.ParseOptions(options),
            BackingPath = backing == "none" ? null : "base",
            BackingFormat = backing == "qcow2" ? DiskFormat.Qcow2 : DiskFormat.Raw,
        });
    }

    private static void Exercise(string image, DiskModel model, Random random)
    {
        for (int opening = 0; opening < 3; opening++)
        {
            using (IDisk disk = DiskImage.Open(image, new DiskOpenOptions { MetadataCacheBytes = opening == 1 ? 1 << 20 : 4096 }))
            {
                Assert.Equal(model.Bytes.Length, disk.Length);
                for (int step = 0; step < 60; step++)
                    model.Step(disk, random);
                model.ExpectEqual(disk);
                ExpectExtents(disk, model);
            }

            Tools.CheckClean(image);
            Tools.CompareEqual(image, model.Bytes);
        }
    }

    /// <summary>The extents cover the disk, and what they call zero is zero.</summary>
    private static void ExpectExtents(IDisk disk, DiskModel model)
    {
        for (long at = 0; at < disk.Length;)
        {
            Assert.Equal(DiskStatus.Ok, disk.GetExtent(at, long.MaxValue, out DiskExtent extent));
            Assert.InRange(extent.Length, 1, disk.Length - at);
            Assert.True(!extent.Zero || model.Bytes.AsSpan((int)at, (int)extent.Length).IndexOfAnyExcept((byte)0) < 0, $"the run at {at} is called zero");
            at += extent.Length;
        }
    }
}
