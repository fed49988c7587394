namespace Fabric.Memory.Tests;

public class MemoryRangeTests
{
    private static readonly MemoryRange Range = new(0x8000_0000, 0x1000);

    [Theory]
    [InlineData(0x8000_0000, 0x1000, true)]
    [InlineData(0x8000_0000, 0x1001, false)]
    [InlineData(0x7fff_ffff, 1, false)]
    [InlineData(0x8000_0fff, 1, true)]
    [InlineData(0x8000_0fff, 2, false)]
    [InlineData(0x8000_1000, 0, true)]
    [InlineData(0x8000_1000, 1, false)]
    [InlineData(0x8000_0800, ulong.MaxValue, false)]
    [InlineData(ulong.MaxValue, 2, false)]
    [InlineData(0, ulong.MaxValue, false)]
    public void Contains_counts_every_byte_and_never_wraps(ulong address, ulong length, bool inside) =>
        Assert.Equal(inside, Range.Contains(address, length));

    [Theory]
    [InlineData(0x8000_0fff, 1, true)]
    [InlineData(0x8000_1000, 1, false)]
    [InlineData(0x7fff_f000, 0x1000, false)]
    [InlineData(0x7fff_f000, 0x1001, true)]
    [InlineData(0, ulong.MaxValue, true)]
    [InlineData(0x8000_0800, 0, false)]
    public void Overlap_is_sharing_an_address(ulong start, ulong length, bool overlaps)
    {
        Assert.Equal(overlaps, Range.Overlaps(new MemoryRange(start, length)));
        Assert.Equal(overlaps, new MemoryRange(start, length).Overlaps(Range));
    }
}
