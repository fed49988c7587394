namespace Fabric.Memory.Tests;

public class MmioBusTests
{
    [Fact]
    public void Accesses_reach_the_device_at_its_own_offset()
    {
        MmioBus bus = new();
        Recorder uart = new();
        Recorder timer = new();
        bus.Map(new MemoryRange(0x1000_0000, 0x100), uart);
        bus.Map(new MemoryRange(0x200_0000, 0x10000), timer);

        Assert.True(bus.TryWrite(0x1000_0004, 1, 0x41));
        Assert.True(bus.TryRead(0x200_bff8, 8, out ulong value));

        Assert.Equal(("w", 4UL, 1, 0x41UL), Assert.Single(uart.Calls));
        Assert.Equal(("r", 0xbff8UL, 8, 0UL), Assert.Single(timer.Calls));
        Assert.Equal(0xbff9UL, value);
    }

    [Theory]
    [InlineData(0xfff, 1)]
    [InlineData(0x10ff, 2)]
    [InlineData(0x1100, 1)]
    [InlineData(ulong.MaxValue, 8)]
    public void Where_no_device_answers_the_access_fails(ulong address, int size)
    {
        MmioBus bus = new();
        Recorder device = new();
        bus.Map(new MemoryRange(0x1000, 0x100), device);
        Assert.False(bus.TryRead(address, size, out _));
        Assert.False(bus.TryWrite(address, size, 1));
        Assert.Empty(device.Calls);
    }

    [Fact]
    public void Windows_may_touch_but_not_overlap()
    {
        MmioBus bus = new();
        bus.Map(new MemoryRange(0x1000, 0x100), new Recorder());
        bus.Map(new MemoryRange(0x1100, 0x100), new Recorder());
        Assert.Throws<ArgumentException>(() => bus.Map(new MemoryRange(0x10ff, 1), new Recorder()));
        Assert.Throws<ArgumentException>(() => bus.Map(new MemoryRange(0x3000, 0), new Recorder()));
    }

    private sealed class Recorder : IMmioDevice
    {
        internal List<(string Kind, ulong Offset, int Size, ulong Value)> Calls { get; } = [];

        public ulong Read(ulong offset, int size)
        {
            Calls.Add(("r", offset, size, 0));
            return offset + 1;
        }

        public void Write(ulong offset, int size, ulong value) => Calls.Add(("w", offset, size, value));
    }
}
