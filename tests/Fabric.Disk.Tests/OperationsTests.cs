using Fabric.Disk.Operations;

namespace Fabric.Disk.Tests;

/// <summary>Operations on whole images, judged by QEMU's tools.</summary>
public sealed class OperationsTests : IDisposable
{
    private const int Size = 9 << 20;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string At(string name) => Path.Combine(_folder.Path, name);

    /// <summary>Runs of data, of zeroes and of nothing, of sizes around every border there is.</summary>
    private static byte[] Mixed(int seed)
    {
        Random random = new(seed);
        byte[] disk = new byte[Size];
        for (int at = 0; at < Size;)
        {
            int run = Math.Min(random.Next(4) switch { 0 => 512 * random.Next(1, 20), 1 => 4096 * random.Next(1, 40), _ => random.Next(1, 300_000) }, Size - at);
            if (random.Next(2) == 0)
                random.NextBytes(disk.AsSpan(at, run));
            at += run;
        }

        return disk;
    }

    private string WriteImage(string name, byte[] content)
    {
        string path = At(name);
        DiskImage.Create(path, new DiskCreateOptions { Size = content.Length });
        using ImageDisk disk = DiskImage.Open(path);
        for (int at = 0; at < content.Length; at += 4096)
        {
            ReadOnlySpan<byte> piece = content.AsSpan(at, Math.Min(4096, content.Length - at));
            if (piece.ContainsAnyExcept((byte)0))
                Assert.Equal(DiskStatus.Ok, disk.Write(at, piece));
        }

        return path;
    }

    [SkippableTheory]
    [InlineData(1, 4096)]
    [InlineData(2, 512)]
    [InlineData(4, 65536)]
    [InlineData(3, 12288)]
    [InlineData(2, 0)]
    public void ACopyHoldsTheSame(int workers, int sparse)
    {
        Tools.Need();
        byte[] content = Mixed(Tools.Seed);
        string source = WriteImage("a.qcow2", content);
        foreach (DiskFormat format in new[] { DiskFormat.Raw, DiskFormat.Qcow2 })
        {
            string target = At($"b.{sparse}");
            DiskImage.Create(target, new DiskCreateOptions { Format = format, Size = Size, Overwrite = true });
            using (ImageDisk from = DiskImage.Open(source, new DiskOpenOptions { ReadOnly = true }))
            using (ImageDisk to = DiskImage.Open(target, new DiskOpenOptions { Format = format }))
                ImageConverter.Convert([from], to, new ConvertOptions { Workers = workers, SparseBytes = sparse, TargetIsZero = true }, null, default);
            Tools.Expect(_folder.Path, "qemu-img", "compare", "-f", "qcow2", "-F", DiskImage.NameOf(format), source, target);
        }
    }

    [SkippableFact]
    public void WhatTheTargetHeldBeforeIsGone()
    {
        Tools.Need();
        string source = WriteImage("a.qcow2", Mixed(Tools.Seed));
        string target = WriteImage("b.qcow2", Mixed(Tools.Seed + 1));
        using (ImageDisk from = DiskImage.Open(source, new DiskOpenOptions { ReadOnly = true }))
        using (ImageDisk to = DiskImage.Open(target))
            ImageConverter.Convert([from], to, new ConvertOptions(), null, default);
        Tools.Expect(_folder.Path, "qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", source, target);
        Tools.CheckClean(target);
    }

    [Fact]
    public void TheFirstSectorThatDiffersIsFound()
    {
        byte[] content = Mixed(Tools.Seed);
        string first = WriteImage("a.qcow2", content);
        content[5_000_001] ^= 1;
        string second = WriteImage("b.qcow2", content);
        using ImageDisk one = DiskImage.Open(first, new DiskOpenOptions { ReadOnly = true });
        using ImageDisk other = DiskImage.Open(second, new DiskOpenOptions { ReadOnly = true });
        Assert.Equal(Comparison.Identical, ImageComparer.Compare(one, one, strict: true, null, default, out _));
        Assert.Equal(Comparison.ContentDiffers, ImageComparer.Compare(one, other, strict: false, null, default, out long offset));
        Assert.Equal(5_000_001 / 512 * 512, offset);
    }
}
