namespace Fabric.Disk.Tests;

/// <summary>VHDX images made by QEMU read and write here, and the reverse.</summary>
public sealed class VhdxInteropTests
{
    [SkippableTheory]
    [InlineData("subformat=dynamic,block_size=1M")]
    [InlineData("subformat=dynamic,block_size=8M,block_state_zero=off")]
    [InlineData("subformat=fixed,block_size=2M,log_size=2M")]
    public void QemuImagesReadWriteAndStayClean(string options)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        byte[] content = new byte[(9 << 20) + 1536];
        new Random(3).NextBytes(content.AsSpan(100_000, 5 << 20));
        File.WriteAllBytes(folder["raw"], content);
        Tools.Expect(folder.Path, "qemu-img", "convert", "-f", "raw", "-O", "vhdx", "-o", options, "raw", "image");
        Exercise(folder["image"], new DiskModel(content));
    }

    [SkippableTheory]
    [InlineData("block_size=1M")]
    [InlineData("block_size=1M,block_state_zero=off,log_size=3M")]
    [InlineData("block_size=4M,subformat=fixed")]
    [InlineData("block_size=256M")]
    public void NewImagesSatisfyQemu(string options)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        DiskModel model = new(new byte[(9 << 20) + 512]);
        VhdxImages.Create(folder["image"], model.Bytes.Length, options);
        VhdxImages.ExpectSound(folder["image"], model.Bytes);
        Exercise(folder["image"], model);
    }

    private static void Exercise(string image, DiskModel model)
    {
        using (IDisk disk = DiskImage.Open(image, new DiskOpenOptions { ReadOnly = true }))
        {
            model.ExpectEqual(disk);
            Assert.Equal(DiskStatus.ReadOnly, disk.Write(0, new byte[512]));
        }

        Random random = new(Tools.Seed);
        for (int opening = 0; opening < 2; opening++)
        {
            using (IDisk disk = DiskImage.Open(image))
            {
                for (int i = 0; i < 80; i++)
                    model.Step(disk, random);
                model.ExpectEqual(disk);
            }

            VhdxImages.ExpectSound(image, model.Bytes);
        }

        Tools.Expect("/", "qemu-io", "-f", "vhdx", "-c", "write -P 0x5a 3M 1536k", "-c", "flush", image);
        model.Bytes.AsSpan(3 << 20, 1536 << 10).Fill(0x5a);
        using IDisk again = DiskImage.Open(image);
        model.ExpectEqual(again);
    }

    [Theory]
    [InlineData("block_size=1M")]
    [InlineData("block_size=2M,logical_sector_size=4096")]
    public void DifferencingImagesShowTheirParentBehindWhatTheyHold(string options)
    {
        using TemporaryFolder folder = new();
        byte[] content = new byte[7 << 20];
        new Random(5).NextBytes(content.AsSpan(1 << 20, 4 << 20));
        VhdxImages.Create(folder["base.vhdx"], content.Length, options);
        using (IDisk below = DiskImage.Open(folder["base.vhdx"]))
            Assert.Equal(DiskStatus.Ok, below.Write(0, content));
        VhdxImages.Create(folder["child.vhdx"], 9 << 20, options, "base.vhdx");
        Array.Resize(ref content, 9 << 20);
        DiskModel model = new(content);
        Random random = new(Tools.Seed);
        for (int opening = 0; opening < 3; opening++)
        {
            using IDisk child = DiskImage.Open(folder["child.vhdx"]);
            model.ExpectEqual(child);
            for (int i = 0; i < 60; i++)
                model.Step(child, random);
            model.ExpectEqual(child);
        }

        DiskImageInfo info = DiskImage.Inspect(folder["child.vhdx"]);
        Assert.Equal(("base.vhdx", "vhdx"), (info.BackingFileName, info.BackingFormat));
    }

    [Fact]
    public void AParentThatWasWrittenToIsRefused()
    {
        using TemporaryFolder folder = new();
        VhdxImages.Create(folder["base.vhdx"], 4 << 20, "block_size=1M");
        VhdxImages.Create(folder["child.vhdx"], 4 << 20, "block_size=1M", "base.vhdx");
        DiskImage.Open(folder["child.vhdx"]).Dispose();
        using (IDisk below = DiskImage.Open(folder["base.vhdx"]))
            Assert.Equal(DiskStatus.Ok, below.Write(0, new byte[512]));
        Assert.Contains("was written to since", Assert.Throws<DiskException>(() => DiskImage.Open(folder["child.vhdx"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AQcow2OverlayMayStandOnAVhdx()
    {
        using TemporaryFolder folder = new();
        byte[] content = new byte[5 << 20];
        new Random(7).NextBytes(content);
        VhdxImages.Create(folder["base.vhdx"], content.Length, "");
        using (IDisk below = DiskImage.Open(folder["base.vhdx"]))
            Assert.Equal(DiskStatus.Ok, below.Write(0, content));
        DiskImage.Create(folder["top.qcow2"], new DiskCreateOptions { BackingPath = "base.vhdx", BackingFormat = DiskFormat.Vhdx });
        using IDisk top = DiskImage.Open(folder["top.qcow2"]);
        DiskModel model = new(content);
        Random random = new(Tools.Seed);
        for (int i = 0; i < 40; i++)
            model.Step(top, random);
        model.ExpectEqual(top);
    }
}
