namespace Fabric.Topology.Tests;

public class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("512B", 512)]
    [InlineData("1K", 1024)]
    [InlineData("256MiB", 268435456)]
    [InlineData("256 MiB", 268435456)]
    [InlineData("1.5GiB", 1610612736)]
    [InlineData("2GB", 2000000000)]
    [InlineData("10kB", 10000)]
    [InlineData("8388607TiB", 8388607L << 40)]
    public void Sizes_are_read_in_bytes(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("-1")]
    [InlineData("1e3")]
    [InlineData("0.3B")]
    [InlineData("10XB")]
    [InlineData("8388608TiB")]
    [InlineData("99999999999999999999999999999999GiB")]
    public void What_is_no_size_is_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(1L << 40, "1 TiB")]
    public void Sizes_are_written_in_the_largest_unit(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));
}
