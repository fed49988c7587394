namespace Fabric.Disk.Tests;

/// <summary>Images with persistent bitmaps: who does not keep them up says so before the first write, and leaves their clusters alone.</summary>
public sealed class Qcow2BitmapTests
{
    [SkippableFact]
    public void BitmapsGoStaleAndAreNotWrittenOver()
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4096", "image", "4M");
        Tools.Expect(folder.Path, "qemu-img", "bitmap", "--add", "--enable", "image", "before");
        Tools.Expect(folder.Path, "qemu-io", "-f", "qcow2", "-c", "write -P 3 0 1M", "image");
        byte[] before = File.ReadAllBytes(folder["image"]);
        using (IDisk disk = DiskImage.Open(folder["image"], new DiskOpenOptions { ReadOnly = true }))
            Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[4096]));
        Assert.True(File.ReadAllBytes(folder["image"]).AsSpan().SequenceEqual(before), "reading changed the image");

        byte[] model = new byte[4 << 20];
        model.AsSpan(0, 1 << 20).Fill(3);
        using (IDisk disk = DiskImage.Open(folder["image"]))
        {
            DiskModel sequence = new(model);
            Random random = new(Tools.Seed);
            for (int i = 0; i < 100; i++)
                sequence.Step(disk, random);
        }

        byte[] after = File.ReadAllBytes(folder["image"]);
        Assert.Equal(0, after[95] & 1);
        Assert.Contains("inconsistent", Tools.Run(folder.Path, "qemu-img", "info", "image").Output, StringComparison.Ordinal);
        (_, string check) = Tools.Run(folder.Path, "qemu-img", "check", "image");
        Assert.DoesNotContain("ERROR", check, StringComparison.Ordinal);
        Tools.CompareEqual(folder["image"], model);

        // QEMU counts what a bitmap it will not use any more occupies as leaked, and takes it back.
        Tools.Expect(folder.Path, "qemu-img", "check", "-r", "leaks", "image");
        Tools.CheckClean(folder["image"]);
        Tools.CompareEqual(folder["image"], model);
    }
}
