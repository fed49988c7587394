using Fabric.TestKit;

namespace Fabric.Disk.Tests;

/// <summary>Seeded sequences of requests to raw images, written by both and judged by QEMU.</summary>
[Collection(RunsAlone.Name)]
public sealed class RawRandomTests
{
    [SkippableTheory]
    [InlineData("")]
    [InlineData("preallocation=full")]
    public void SequencesLeaveWhatQemuFindsEqual(string options)
    {
        Tools.Need();
        Tools.Need("qemu-io");
        new ImageSequences(DiskFormat.Raw, options, CanCheck: false, CanGrow: true).Run(Tools.Count(4));
    }

    [Theory]
    [InlineData(Preallocation.Off)]
    [InlineData(Preallocation.Falloc)]
    public void AnImageGrowsWithZeroesAndShrinksOnlyWhenToldTo(Preallocation preallocation)
    {
        using TemporaryFolder folder = new();
        string path = folder["image"];
        File.WriteAllBytes(path, [.. Enumerable.Repeat((byte)7, 1000)]);
        using (ImageDisk disk = DiskImage.Open(path, new DiskOpenOptions { Format = DiskFormat.Raw }))
        {
            disk.Resize(1 << 20, mayShrink: false, preallocation);
            Assert.Equal(1 << 20, disk.Length);
            byte[] read = new byte[1 << 20];
            Assert.Equal(DiskStatus.Ok, disk.Read(0, read));
            Assert.Equal(7, read[999]);
            Assert.True(read.AsSpan(1000).IndexOfAnyExcept((byte)0) < 0);
            Assert.Throws<DiskException>(() => disk.Resize(512, mayShrink: false));
            disk.Resize(512, mayShrink: true);
            Assert.Equal(DiskStatus.OutOfRange, disk.Read(512, read.AsSpan(0, 1)));
        }

        Assert.Equal(512, new FileInfo(path).Length);
    }
}
