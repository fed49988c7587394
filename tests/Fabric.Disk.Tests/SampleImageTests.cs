using Fabric.TestKit;

namespace Fabric.Disk.Tests;

/// <summary>The images that QEMU's own tests keep of other programs' making. <c>FABRIC_QEMU_SOURCE</c> names an unpacked source (apt-get source
/// qemu); without it there is nothing to test.</summary>
[Collection(RunsAlone.Name)]
public sealed class SampleImageTests
{
    [SkippableTheory]
    [InlineData("hyperv2012r2-dynamic.vhd")]
    [InlineData("virtualpc-dynamic.vhd")]
    [InlineData("d2v-zerofilled.vhd")]
    [InlineData("iotest-version3.vmdk")]
    public void SamplesHoldWhatQemuFinds(string name)
    {
        Tools.Need();
        string packed = Path.Combine(Environment.GetEnvironmentVariable("FABRIC_QEMU_SOURCE") ?? "/nowhere", "tests/qemu-iotests/sample_images", name + ".bz2");
        Skip.IfNot(File.Exists(packed), "set FABRIC_QEMU_SOURCE to an unpacked qemu source");
        using TemporaryFolder folder = new();
        File.Copy(packed, folder[name + ".bz2"]);
        Tools.Expect(folder.Path, "bunzip2", name + ".bz2");
        Tools.Expect(folder.Path, "qemu-img", "convert", "-O", "qcow2", name, "copy.qcow2");
        DiskOpenOptions reading = new() { ReadOnly = true };
        using (ImageDisk ours = DiskImage.Open(folder[name], reading))
        using (ImageDisk theirs = DiskImage.Open(folder["copy.qcow2"], reading))
        {
            Assert.Equal(theirs.Length, ours.Length);
            ExpectEqual(ours, theirs);
            ExpectEqual(theirs, ours);
        }

        if (name.EndsWith(".vmdk", StringComparison.Ordinal))
            return;
        using (ImageDisk ours = DiskImage.Open(folder[name]))
            Assert.Equal(DiskStatus.Ok, ours.Write(ours.Length - 700, new byte[] { 1, 2, 3 }));
        Assert.DoesNotContain("identical", Tools.Run(folder.Path, "qemu-img", "compare", name, "copy.qcow2").Output, StringComparison.Ordinal);
    }

    /// <summary>Compares wherever the first says that there may be something.</summary>
    private static void ExpectEqual(ImageDisk first, ImageDisk second)
    {
        byte[] one = new byte[1 << 16];
        byte[] other = new byte[1 << 16];
        for (long offset = 0; offset < first.Length;)
        {
            Assert.Equal(DiskStatus.Ok, first.GetExtent(offset, first.Length - offset, out DiskExtent extent));
            int length = (int)Math.Min(one.Length, extent.Length);
            if (!extent.Zero)
            {
                Assert.Equal(DiskStatus.Ok, first.Read(offset, one.AsSpan(0, length)));
                Assert.Equal(DiskStatus.Ok, second.Read(offset, other.AsSpan(0, length)));
                Assert.True(one.AsSpan(0, length).SequenceEqual(other.AsSpan(0, length)), $"differs after {offset}");
            }

            offset += extent.Zero ? extent.Length : length;
        }
    }
}
