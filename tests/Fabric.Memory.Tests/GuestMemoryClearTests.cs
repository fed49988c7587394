namespace Fabric.Memory.Tests;

public class GuestMemoryClearTests
{
    [Fact]
    public unsafe void Cleared_memory_reads_as_zeroes_at_the_same_addresses()
    {
        using var memory = new GuestMemory(new MemoryRange(0x8000_0000, 0x1_0000), new MemoryRange(0x1_0000_0000, 0x1000));
        byte* before = memory.RegionPointer(0);
        Assert.True(memory.TryWrite(0x8000_fff8, ulong.MaxValue));
        Assert.True(memory.TryWrite(0x1_0000_0000, ulong.MaxValue));

        memory.Clear();

        Assert.True(before == memory.RegionPointer(0));
        Assert.True(memory.TryRead(0x8000_fff8, out ulong first));
        Assert.True(memory.TryRead(0x1_0000_0000, out ulong second));
        Assert.Equal((0ul, 0ul), (first, second));
    }
}
