namespace Fabric.Disk.Tests;

/// <summary>The VHDX samples that come with QEMU's source, made by Hyper-V and Disk2VHD; <c>FABRIC_QEMU_SOURCE</c> names the unpacked source
/// (<c>apt-get source qemu</c>).</summary>
public sealed class VhdxSampleTests
{
    private static string Sample(TemporaryFolder folder, string name)
    {
        string? source = Environment.GetEnvironmentVariable("FABRIC_QEMU_SOURCE");
        Skip.If(source is null, "FABRIC_QEMU_SOURCE is not set");
        Tools.Need("bzip2");
        File.Copy(Path.Combine(source, "tests/qemu-iotests/sample_images", name + ".bz2"), folder[name + ".bz2"]);
        Tools.Expect(folder.Path, "bzip2", "-d", name + ".bz2");
        return folder[name];
    }

    [SkippableFact]
    public void ADirtyLogOfHyperVReplaysAsInQemu()
    {
        using TemporaryFolder folder = new();
        string image = Sample(folder, "iotest-dirtylog-10G-4M.vhdx");
        byte[] before = File.ReadAllBytes(image);
        Assert.True(DiskImage.Inspect(image).IsDirty);
        byte[] inMemory = Content(image, readOnly: true);
        Assert.Equal(before, File.ReadAllBytes(image));
        Assert.Equal(-1, inMemory.AsSpan(0, 18 << 20).IndexOfAnyExcept((byte)0xa5));
        File.Copy(image, folder["theirs"]);
        Tools.Expect(folder.Path, "qemu-img", "check", "-q", "-f", "vhdx", "-r", "all", "theirs");
        Assert.True(inMemory.AsSpan().SequenceEqual(Content(folder["theirs"], readOnly: true)));
        Assert.True(inMemory.AsSpan().SequenceEqual(Content(image, readOnly: false)));
        Assert.False(DiskImage.Inspect(image).IsDirty);
        Tools.Expect(folder.Path, "qemu-img", "check", "-q", "-f", "vhdx", image);
        Tools.Expect(folder.Path, "qemu-io", "-r", "-f", "vhdx", "-c", "read -P 0xa5 0 18M", image);
    }

    [SkippableTheory]
    [InlineData("iotest-dynamic-1G.vhdx")]
    [InlineData("test-disk2vhd.vhdx")]
    public void ImagesOfOtherSoftwareReadAsInQemu(string name)
    {
        using TemporaryFolder folder = new();
        string image = Sample(folder, name);
        Assert.Equal(0, DiskImage.Check(image, new DiskOpenOptions(), DiskRepair.None).Corruptions);
        Tools.Expect(folder.Path, "qemu-img", "convert", "-f", "vhdx", "-O", "raw", image, "raw");
        using IDisk disk = DiskImage.Open(image, new DiskOpenOptions { ReadOnly = true });
        using FileStream raw = File.OpenRead(folder["raw"]);
        Assert.Equal(raw.Length, disk.Length);
        byte[] ours = new byte[1 << 20];
        byte[] theirs = new byte[1 << 20];
        for (long at = 0; at < disk.Length; at += ours.Length)
        {
            int size = (int)Math.Min(ours.Length, disk.Length - at);
            Assert.Equal(DiskStatus.Ok, disk.Read(at, ours.AsSpan(0, size)));
            raw.ReadExactly(theirs, 0, size);
            Assert.True(ours.AsSpan(0, size).SequenceEqual(theirs.AsSpan(0, size)), $"differs in the MiB at {at}");
        }
    }

    private static byte[] Content(string image, bool readOnly)
    {
        using IDisk disk = DiskImage.Open(image, new DiskOpenOptions { ReadOnly = readOnly });
        byte[] start = new byte[64 << 20];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, start));
        return start;
    }
}
