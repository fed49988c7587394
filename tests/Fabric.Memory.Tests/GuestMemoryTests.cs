namespace Fabric.Memory.Tests;

public class GuestMemoryTests
{
    private const ulong Low = 0x1000;
    private const ulong High = 0x8000_0000;

    [Fact]
    public void Fresh_memory_reads_as_zeroes()
    {
        using GuestMemory memory = new(new MemoryRange(High, 0x10000));
        byte[] page = new byte[0x10000];
        Array.Fill(page, (byte)0xff);
        Assert.True(memory.TryRead(High, page));
        Assert.All(page, octet => Assert.Equal(0, octet));
    }

    [Fact]
    public void Values_are_little_endian_at_any_alignment()
    {
        using GuestMemory memory = new(new MemoryRange(High, 0x1000));
        Assert.True(memory.TryWrite(High + 3, 0x1122334455667788UL));
        byte[] bytes = new byte[8];
        Assert.True(memory.TryRead(High + 3, bytes));
        Assert.Equal([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11], bytes);
        Assert.True(memory.TryRead(High + 5, out ushort middle));
        Assert.Equal(0x5566, middle);
    }

    [Theory]
    [InlineData(High + 0xfff, 2)]
    [InlineData(High + 0x1000, 1)]
    [InlineData(High - 1, 1)]
    [InlineData(Low + 0xfff, 2)]
    [InlineData(0, 1)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(ulong.MaxValue - 1, 16)]
    public void Nothing_outside_RAM_is_touched(ulong address, int length)
    {
        using GuestMemory memory = new(new MemoryRange(Low, 0x1000), new MemoryRange(High, 0x1000));
        byte[] ones = new byte[length];
        Array.Fill(ones, (byte)1);
        Assert.False(memory.TryWrite(address, ones));
        Assert.False(memory.TryRead(address, new byte[length]));
        Assert.False(memory.TryGetSpan(address, length, out _));
        byte[] page = new byte[0x1000];
        Assert.True(memory.TryRead(Low, page));
        Assert.DoesNotContain((byte)1, page);
        Assert.True(memory.TryRead(High, page));
        Assert.DoesNotContain((byte)1, page);
    }

    [Fact]
    public void A_negative_length_is_no_view()
    {
        using GuestMemory memory = new(new MemoryRange(High, 0x1000));
        Assert.False(memory.TryGetSpan(High, -1, out _));
    }

    [Fact]
    public void Regions_are_distinct_and_found_by_address()
    {
        using GuestMemory memory = new(new MemoryRange(Low, 0x1000), new MemoryRange(High, 0x2000));
        Assert.True(memory.TryWrite(Low, 1));
        Assert.True(memory.TryWrite(High, 2));
        Assert.True(memory.TryRead(Low, out int low));
        Assert.True(memory.TryRead(High, out int high));
        Assert.Equal((1, 2), (low, high));
        Assert.Equal(new MemoryRange(High, 0x2000), memory.RegionRange(1));
    }

    [Fact]
    public void The_file_behind_holds_the_same_bytes_so_that_another_process_can_map_it()
    {
        using GuestMemory memory = new(new MemoryRange(Low, 0x1000), new MemoryRange(High, 0x1000));
        Assert.True(memory.TryWrite(High + 8, 0x42));
        byte[] fromFile = new byte[1];
        Assert.Equal(1, RandomAccess.Read(memory.FileHandle, fromFile, 0x1000 + 8));
        Assert.Equal(0x42, fromFile[0]);
        Assert.Equal(0x2000, RandomAccess.GetLength(memory.FileHandle));
    }

    [Theory]
    [InlineData(0x1000, 0)]
    [InlineData(0x1001, 0x1000)]
    [InlineData(0x1000, 0x1001)]
    [InlineData(0xffff_ffff_ffff_f000, 0x2000)]
    public void Ranges_that_are_no_pages_are_refused(ulong start, ulong length) =>
        Assert.Throws<ArgumentException>(() => new GuestMemory(new MemoryRange(start, length)));

    [Fact]
    public void Overlapping_ranges_are_refused() =>
        Assert.Throws<ArgumentException>(() => new GuestMemory(new MemoryRange(0x1000, 0x2000), new MemoryRange(0x2000, 0x1000)));

    [Fact]
    public void More_than_the_host_can_map_is_one_clear_line()
    {
        GuestMemoryException e = Assert.Throws<GuestMemoryException>(() => new GuestMemory(new MemoryRange(0, 1UL << 60)));
        Assert.Contains("give the machine less 'memory:'", e.Message, StringComparison.Ordinal);
    }
}
