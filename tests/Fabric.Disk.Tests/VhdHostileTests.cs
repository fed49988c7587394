using System.Buffers.Binary;
using Fabric.Disk.Tests.Fuzz;

namespace Fabric.Disk.Tests;

/// <summary>VHDs that want something from the host: sizes and places that overflow, overlap or ask for too much (the classes of CVE-2014-0142
/// to -0148), with checksums that are right.</summary>
public sealed class VhdHostileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Image(Action<byte[]> damage)
    {
        string path = _folder["hostile.vhd"];
        DiskImage.Create(path, new DiskCreateOptions { Format = DiskFormat.Vhd, Size = 8 << 20, Overwrite = true, FormatOptions = new Dictionary<string, string> { ["force_size"] = "on" } });
        using (IDisk disk = DiskImage.Open(path))
            for (int i = 0; i < 3; i++)
                Assert.Equal(DiskStatus.Ok, disk.Write(i * 3_000_000, new byte[600]));
        byte[] bytes = File.ReadAllBytes(path);
        damage(bytes);
        bytes.AsSpan(0, 512).CopyTo(bytes.AsSpan(bytes.Length - 512));
        using MemoryStore store = new();
        store.Reset(bytes, int.MaxValue);
        VhdSeeds.FixChecksums(store);
        File.WriteAllBytes(path, store.ToArray());
        return path;
    }

    [Theory]
    [InlineData("version", 12, 0x00020000, 4)]
    [InlineData("header at the footer", 16, 0, 8)]
    [InlineData("header negative", 16, 1UL << 63, 8)]
    [InlineData("header outside", 16, 1UL << 50, 8)]
    [InlineData("size", 48, 1UL << 62, 8)]
    [InlineData("size negative", 48, ulong.MaxValue, 8)]
    [InlineData("size beyond the table", 48, 1UL << 40, 8)]
    [InlineData("kind", 60, 5, 4)]
    [InlineData("kind fixed", 60, 2, 4)]
    [InlineData("table offset", 512 + 16, 1UL << 61, 8)]
    [InlineData("table offset negative", 512 + 16, 1UL << 63, 8)]
    [InlineData("table on the header", 512 + 16, 512, 8)]
    [InlineData("table entries", 512 + 28, uint.MaxValue, 4)]
    [InlineData("table entries few", 512 + 28, 3, 4)]
    [InlineData("block size 0", 512 + 32, 0, 4)]
    [InlineData("block size odd", 512 + 32, 0x200001, 4)]
    [InlineData("block size 2^31", 512 + 32, 0x80000000, 4)]
    [InlineData("block size 1", 512 + 32, 1, 4)]
    [InlineData("block size small", 512 + 32, 512, 4)]
    [InlineData("block on the footer", 1536, 0, 4)]
    [InlineData("block on the header", 1536, 1, 4)]
    [InlineData("block on the table", 1536, 3, 4)]
    [InlineData("block on another", 1536 + 4, 20, 4)]
    [InlineData("block outside", 1536, 0xfffffffd, 4)]
    public void ImpossibleImagesAreNotWritten(string name, int at, ulong value, int width)
    {
        string path = Image(file =>
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
            bytes[^width..].CopyTo(file.AsSpan(at));
        });
        long before = GC.GetAllocatedBytesForCurrentThread();
        DiskException refused = Assert.Throws<DiskException>(() => DiskImage.Open(path, new DiskOpenOptions { Format = DiskFormat.Vhd }));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20, $"{name} allocated");
        Assert.StartsWith(path, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void WhatIsLeftOfACutImageCanBeRead()
    {
        string path = Image(_ => { });
        using (FileStream file = File.OpenWrite(path))
            file.SetLength(file.Length - 3_000_000);
        Assert.Contains("cut off", Assert.Throws<DiskException>(() => DiskImage.Open(path)).Message, StringComparison.Ordinal);
        using IDisk disk = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true });
        Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[100]));
        Assert.Equal(DiskStatus.Corrupt, disk.Read(6_000_000, new byte[100]));
    }
}
