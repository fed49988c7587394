using Fabric.TestKit;

namespace Fabric.Disk.Tests;

/// <summary>Seeded sequences of requests to VHDs, written by both and judged by QEMU.</summary>
[Collection(RunsAlone.Name)]
public sealed class VhdRandomTests
{
    [SkippableTheory]
    [InlineData("")]
    [InlineData("force_size=on")]
    [InlineData("subformat=fixed,force_size=on")]
    public void SequencesLeaveWhatQemuFindsEqual(string options)
    {
        Tools.Need();
        Tools.Need("qemu-io");
        new ImageSequences(DiskFormat.Vhd, options, CanCheck: false, CanGrow: true).Run(Tools.Count(4));
    }
}
