using System.Buffers.Binary;

namespace Fabric.Disk.Tests;

/// <summary>What an operator does to whole VHDX images.</summary>
public sealed class VhdxOperationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private byte[] MakePair(string options = "block_size=1M")
    {
        byte[] content = new byte[5 << 20];
        new Random(11).NextBytes(content);
        VhdxImages.Create(_folder["base.vhdx"], content.Length, options);
        using (IDisk below = DiskImage.Open(_folder["base.vhdx"]))
            Assert.Equal(DiskStatus.Ok, below.Write(0, content));
        VhdxImages.Create(_folder["child.vhdx"], content.Length, options, "base.vhdx");
        return content;
    }

    /// <summary>What a commit does: the parent takes the content, the child is emptied and knows its parent again.</summary>
    [Fact]
    public void AnEmptiedChildShowsItsParentAndKnowsItAgain()
    {
        byte[] content = MakePair();
        DiskModel model = new(content);
        using (ImageDisk child = DiskImage.Open(_folder["child.vhdx"]))
            for (int i = 0; i < 30; i++)
                model.Step(child, new Random(i));
        using (IDisk parent = DiskImage.Open(_folder["base.vhdx"]))
            Assert.Equal(DiskStatus.Ok, parent.Write(0, model.Bytes));
        using (ImageDisk child = DiskImage.Open(_folder["child.vhdx"], new DiskOpenOptions { WithoutBacking = true }))
            child.MakeEmpty();
        using ImageDisk again = DiskImage.Open(_folder["child.vhdx"]);
        model.ExpectEqual(again);
        Assert.Equal(DiskStatus.Ok, again.GetExtent(0, long.MaxValue, out DiskExtent extent));
        Assert.False(extent.Allocated);
    }

    [Fact]
    public void AnotherParentIsTakenAndADiskWithoutOneMayGetOne()
    {
        byte[] content = MakePair();
        File.Copy(_folder["base.vhdx"], _folder["other.vhdx"]);
        using (ImageDisk child = DiskImage.Open(_folder["child.vhdx"]))
        {
            Assert.Equal(DiskStatus.Ok, child.Write(100, content.AsSpan(500, 3000)));
            content.AsSpan(500, 3000).CopyTo(content.AsSpan(100));
            child.SetBacking("other.vhdx", DiskFormat.Vhdx);
        }

        File.Delete(_folder["base.vhdx"]);
        using (ImageDisk child = DiskImage.Open(_folder["child.vhdx"]))
            new DiskModel(content).ExpectEqual(child);
        VhdxImages.Create(_folder["alone.vhdx"], content.Length, "block_size=1M,block_state_zero=off");
        using (ImageDisk alone = DiskImage.Open(_folder["alone.vhdx"]))
        {
            Assert.Equal(DiskStatus.Ok, alone.WriteZeroes(1 << 20, 1 << 20, DiskFlags.MayUnmap));
            alone.SetBacking(_folder["other.vhdx"], null);
        }

        byte[] expected = File.Exists(_folder["alone.vhdx"]) ? ReadAll(_folder["other.vhdx"]) : [];
        expected.AsSpan(1 << 20, 1 << 20).Clear();
        Assert.Equal(_folder["other.vhdx"], DiskImage.Inspect(_folder["alone.vhdx"]).BackingFileName);
        using ImageDisk given = DiskImage.Open(_folder["alone.vhdx"]);
        new DiskModel(expected).ExpectEqual(given);
        Assert.Equal(DiskStatus.Ok, given.Write(12345, new byte[1]));
    }

    private static byte[] ReadAll(string path)
    {
        using IDisk disk = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true });
        byte[] all = new byte[disk.Length];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, all));
        return all;
    }

    [Fact]
    public void AParentOutsideTheFolderIsNotFollowed()
    {
        Directory.CreateDirectory(_folder["sub"]);
        VhdxImages.Create(_folder["base.vhdx"], 4 << 20, "");
        VhdxImages.Create(Path.Combine(_folder["sub"], "child.vhdx"), 4 << 20, "", "../base.vhdx");
        string child = Path.Combine(_folder["sub"], "child.vhdx");
        Assert.Contains("outside the image's folder", Assert.Throws<DiskException>(() => DiskImage.Open(child)).Message, StringComparison.Ordinal);
        DiskImage.Open(child, new DiskOpenOptions { AllowedFolders = [_folder.Path] }).Dispose();
    }

    [Fact]
    public void ShrinkingIsRefusedAndADifferencingImageNeedsAVhdxParent()
    {
        VhdxImages.Create(_folder["a.vhdx"], 4 << 20, "");
        using (ImageDisk disk = DiskImage.Open(_folder["a.vhdx"]))
            Assert.Contains("cannot be made smaller", Assert.Throws<DiskException>(() => disk.Resize(1 << 20, mayShrink: true)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(_folder["raw"], new byte[4096]);
        Assert.Contains("must be a VHDX image", Assert.Throws<DiskException>(() => DiskImage.Create(_folder["b.vhdx"],
            new DiskCreateOptions { Format = DiskFormat.Vhdx, BackingPath = "raw", BackingFormat = DiskFormat.Raw })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckFindsAndRepairsEntriesOutsideTheFile()
    {
        VhdxImages.Create(_folder["a.vhdx"], 4 << 20, "block_size=1M");
        using (ImageDisk disk = DiskImage.Open(_folder["a.vhdx"]))
            Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[3 << 20]));
        Damage(2 << 20, (900UL << 20) | 6);
        Damage((2 << 20) + 8, 4);
        DiskCheckResult found = DiskImage.Check(_folder["a.vhdx"], new DiskOpenOptions(), DiskRepair.None);
        Assert.Equal((2L, 0L), (found.Corruptions, found.CorruptionsFixed));
        Assert.Throws<DiskException>(() => DiskImage.Open(_folder["a.vhdx"]));
        using (ImageDisk disk = DiskImage.Open(_folder["a.vhdx"], new DiskOpenOptions { ReadOnly = true }))
            Assert.Equal((DiskStatus.Corrupt, DiskStatus.Ok), (disk.Read(0, new byte[512]), disk.Read(2 << 20, new byte[512])));
        DiskCheckResult repaired = DiskImage.Check(_folder["a.vhdx"], new DiskOpenOptions(), DiskRepair.All);
        Assert.Equal((0L, 2L), (repaired.Corruptions, repaired.CorruptionsFixed));
        DiskImage.Open(_folder["a.vhdx"]).Dispose();
        Assert.Equal(0, DiskImage.Check(_folder["a.vhdx"], new DiskOpenOptions(), DiskRepair.None).Corruptions);
    }

    [Fact]
    public void OverlappingBlocksAreFoundAndNotWrittenTo()
    {
        VhdxImages.Create(_folder["a.vhdx"], 4 << 20, "block_size=1M");
        using (ImageDisk disk = DiskImage.Open(_folder["a.vhdx"]))
            Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[3 << 20]));
        foreach (ulong place in (ulong[])[4, 1, 2, 3])
        {
            // A block, the log, the block table and the metadata.
            Damage((2 << 20) + 8, (place << 20) | 6);
            Assert.Equal(1, DiskImage.Check(_folder["a.vhdx"], new DiskOpenOptions(), DiskRepair.None).Corruptions);
            Assert.Contains("overlap", Assert.Throws<DiskException>(() => DiskImage.Open(_folder["a.vhdx"])).Message, StringComparison.Ordinal);
        }
    }

    private void Damage(long at, ulong value)
    {
        using FileStream file = File.OpenWrite(_folder["a.vhdx"]);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        file.Position = at;
        file.Write(bytes);
    }

    [Fact]
    public void SpaceOfDiscardedBlocksIsUsedAgain()
    {
        VhdxImages.Create(_folder["a.vhdx"], 64 << 20, "block_size=1M");
        using ImageDisk disk = DiskImage.Open(_folder["a.vhdx"]);
        byte[] data = new byte[8 << 20];
        for (int round = 0; round < 6; round++)
        {
            Array.Fill(data, (byte)(round + 1));
            Assert.Equal(DiskStatus.Ok, disk.Write(round * data.Length, data));
            Assert.Equal(DiskStatus.Ok, disk.Flush());
            if (round % 2 == 0)
                Assert.Equal(DiskStatus.Ok, disk.Discard(round * data.Length, data.Length));
            Assert.Equal(DiskStatus.Ok, disk.Flush());
        }

        Assert.True(new FileInfo(_folder["a.vhdx"]).Length <= 37 << 20);
        // One byte in a block that had other content before: the rest is zero.
        Assert.Equal(DiskStatus.Ok, disk.Write((60 << 20) + 5, [7]));
        byte[] block = new byte[1 << 20];
        Assert.Equal(DiskStatus.Ok, disk.Read(60 << 20, block));
        Assert.Equal(5, block.AsSpan().IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, block.AsSpan(6).IndexOfAnyExcept((byte)0));
    }

    /// <summary>What a kill leaves: the log is replayed in memory for a reader, who is told true places in the file.</summary>
    [Fact]
    public void AnImageThatWasNotClosedIsReadWithItsLogInMemory()
    {
        VhdxImages.Create(_folder["a.vhdx"], 4 << 20, "block_size=1M");
        byte[] data = new byte[3 << 20];
        new Random(9).NextBytes(data);
        using (ImageDisk disk = DiskImage.Open(_folder["a.vhdx"]))
        {
            Assert.Equal((DiskStatus.Ok, DiskStatus.Ok), (disk.Write(0, data), disk.Flush()));
            File.Copy(_folder["a.vhdx"], _folder["killed.vhdx"]);
        }

        Assert.True(DiskImage.Inspect(_folder["killed.vhdx"]).IsDirty);
        byte[] file = File.ReadAllBytes(_folder["killed.vhdx"]);
        using (ImageDisk killed = DiskImage.Open(_folder["killed.vhdx"], new DiskOpenOptions { ReadOnly = true }))
        {
            Assert.Equal(DiskStatus.Ok, killed.GetExtent(0, data.Length, out DiskExtent extent));
            Assert.Equal((data.Length, true), (extent.Length, extent.HostOffset > 0));
            Assert.True(file.AsSpan((int)extent.HostOffset, data.Length).SequenceEqual(data));
            Array.Resize(ref data, 4 << 20);
            new DiskModel(data).ExpectEqual(killed);
        }

        Assert.Equal(file, File.ReadAllBytes(_folder["killed.vhdx"]));
        using ImageDisk again = DiskImage.Open(_folder["killed.vhdx"]);
        new DiskModel(data).ExpectEqual(again);
        Assert.False(DiskImage.Inspect(_folder["killed.vhdx"]).IsDirty);
    }
}
