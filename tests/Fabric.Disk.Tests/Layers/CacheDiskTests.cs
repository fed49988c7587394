using Fabric.Disk.Layers;
using Fabric.TestKit;
using Fabric.TestKit.Disks;

namespace Fabric.Disk.Tests.Layers;

public sealed class CacheDiskTests : IDisposable
{
    private const int Block = 128 * 512;
    private readonly MemoryDisk _memory = new(8 << 20);

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void A_write_is_read_at_once_and_reaches_the_disk_with_the_flush()
    {
        using CacheDisk disk = new(_memory, 1 << 20);
        Assert.Equal(DiskStatus.Ok, disk.Write(1000, "newer"u8));
        byte[] read = new byte[5];
        Assert.Equal(DiskStatus.Ok, disk.Read(1000, read));
        Assert.Equal("newer"u8.ToArray(), read);
        Assert.Equal(0, _memory.Bytes[1000]);
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        Assert.Equal("newer"u8.ToArray(), _memory.Bytes.Slice(1000, 5).ToArray());
        Assert.Equal(1, _memory.Flushes);
    }

    [Fact]
    public void Everything_a_flush_covers_is_below_before_the_flush_below()
    {
        using CacheDisk disk = new(_memory, 8 << 20);
        for (int i = 0; i < 100; i++)
            Assert.Equal(DiskStatus.Ok, disk.Write(i * 70_001L, [(byte)(i + 1)]));
        int flushesBefore = _memory.Flushes;
        bool[] there = new bool[100];
        _memory.BeforeRequest = () =>
        {
            for (int i = 0; i < 100; i++)
                there[i] = _memory.Bytes[(int)(i * 70_001L)] == i + 1;
        };
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        _memory.BeforeRequest = null;
        Assert.Equal(flushesBefore + 1, _memory.Flushes);
        Assert.DoesNotContain(false, there);
    }

    [Fact]
    public void Forced_writes_go_straight_through_with_their_flag()
    {
        using CacheDisk disk = new(_memory, 1 << 20);
        Assert.Equal(DiskStatus.Ok, disk.Write(0, "aaaaaaaa"u8));
        Assert.Equal(DiskStatus.Ok, disk.Write(4, "bb"u8, DiskFlags.ForceUnitAccess));
        Assert.Equal(DiskFlags.ForceUnitAccess, _memory.LastFlags);
        Assert.Equal("bb"u8.ToArray(), _memory.Bytes.Slice(4, 2).ToArray());
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        Assert.Equal("aaaabbaa"u8.ToArray(), _memory.Bytes[..8].ToArray());
    }

    [Fact]
    public void The_bound_is_kept_by_writing_the_oldest()
    {
        using CacheDisk disk = new(_memory, 4 * Block);
        for (int i = 0; i < 5; i++)
            Assert.Equal(DiskStatus.Ok, disk.Write(i * Block, [(byte)(i + 1)]));
        Assert.Equal([1, 0, 0, 0, 0], Enumerable.Range(0, 5).Select(i => (int)_memory.Bytes[i * Block]));
    }

    [Fact]
    public void What_cannot_be_written_is_kept_and_written_later()
    {
        using CacheDisk disk = new(_memory, 2 * Block);
        Assert.Equal(DiskStatus.Ok, disk.Write(0, [1]));
        Assert.Equal(DiskStatus.Ok, disk.Write(Block, [2]));
        _memory.Fault = DiskStatus.NoSpace;
        Assert.Equal(DiskStatus.NoSpace, disk.Flush());
        Assert.Equal(DiskStatus.NoSpace, disk.Write(2 * Block, [3]));
        byte[] read = new byte[1];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, read));
        Assert.Equal(1, read[0]);
        _memory.Fault = DiskStatus.Ok;
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        Assert.Equal((1, 2), (_memory.Bytes[0], _memory.Bytes[Block]));
    }

    [Fact]
    public void Discarding_unwritten_bytes_does_not_bring_older_ones_to_light()
    {
        _memory.Bytes.Fill(0xee);
        using CacheDisk disk = new(_memory, 1 << 20);
        Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[4096]));
        Assert.Equal(DiskStatus.Ok, disk.Write(0, Enumerable.Repeat((byte)0x11, 4096).ToArray()));
        Assert.Equal(DiskStatus.Ok, disk.Discard(0, 4096));
        byte[] read = new byte[4096];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, read));
        Assert.All(read, b => Assert.True(b is 0 or 0x11));
    }

    [Fact]
    public void Requests_that_may_not_wait_are_answered_from_memory_only()
    {
        using CacheDisk disk = new(_memory, 1 << 20);
        byte[] buffer = new byte[512];
        Assert.Equal(DiskStatus.Ok, disk.Write(0, buffer, DiskFlags.NoWait));
        Assert.Equal(DiskStatus.Ok, disk.Read(0, buffer, DiskFlags.NoWait));
        Assert.Equal(DiskStatus.WouldBlock, disk.Read(512, buffer, DiskFlags.NoWait));
        Assert.Equal(DiskStatus.WouldBlock, disk.Write(700, buffer, DiskFlags.NoWait));
        Assert.Equal(DiskStatus.WouldBlock, disk.Write(0, buffer, DiskFlags.NoWait | DiskFlags.ForceUnitAccess));
    }

    [Fact]
    public void Hits_allocate_nothing()
    {
        using CacheDisk disk = new(_memory, 1 << 20);
        byte[] buffer = new byte[4096];
        Assert.Equal(0, SteadyState.LeastAllocated(100, () =>
        {
            disk.Write(100_000, buffer);
            disk.Read(100_000, buffer);
            disk.Flush();
        }));
    }
}
