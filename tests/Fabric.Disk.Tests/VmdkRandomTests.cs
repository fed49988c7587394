using Fabric.TestKit;

namespace Fabric.Disk.Tests;

/// <summary>Seeded sequences of requests to VMDKs, written by both and judged by QEMU.</summary>
[Collection(RunsAlone.Name)]
public sealed class VmdkRandomTests
{
    [SkippableTheory]
    [InlineData("", true)]
    [InlineData("zeroed_grain=on", true)]
    [InlineData("subformat=monolithicFlat", true)]
    [InlineData("subformat=twoGbMaxExtentSparse", true)]
    [InlineData("subformat=twoGbMaxExtentFlat", true)]
    [InlineData("subformat=streamOptimized", false)]
    public void SequencesLeaveWhatQemuFindsCleanAndEqual(string options, bool qemuWrites)
    {
        Tools.Need();
        Tools.Need("qemu-io");
        new ImageSequences(DiskFormat.Vmdk, options, CanCheck: true, CanGrow: false, qemuWrites).Run(Tools.Count(4));
    }
}
