using System.Text;
using Fabric.TestKit.Virtio;
using Fabric.Vmm.Devices;

namespace Fabric.Vmm.Tests.Devices;

/// <summary>What drivers rely on, by the PC16550D data sheet and by the probes of Linux' 8250 driver.</summary>
public class Ns16550aTests
{
    private const ulong Data = 0, InterruptEnable = 1, InterruptIdent = 2, FifoControl = 2, LineControl = 3, ModemControl = 4;
    private const ulong LineStatus = 5, ModemStatus = 6, Scratch = 7;
    private readonly SerialConsole _console = new();
    private readonly InterruptProbe _line = new();
    private readonly Ns16550a _uart;

    public Ns16550aTests() => _uart = new Ns16550a(_console, _line);

    [Fact]
    public void What_is_transmitted_is_printed_and_the_transmitter_is_empty_again()
    {
        foreach (byte value in "Hi\n"u8)
        {
            Assert.Equal(0x60ul, Read(LineStatus) & 0x60);
            Write(Data, value);
        }

        Assert.Equal("Hi\n", Encoding.ASCII.GetString(_console.Snapshot()));
    }

    [Fact]
    public void Enabling_the_transmit_interrupt_raises_it_and_reading_its_ident_lowers_it_until_the_next_byte()
    {
        Write(InterruptEnable, 2);
        Assert.True(_line.Level);
        Assert.Equal(0x02ul, Read(InterruptIdent));
        Assert.False(_line.Level);
        Assert.Equal(0x01ul, Read(InterruptIdent));

        Write(Data, 'x');
        Assert.True(_line.Level);

        // The driver's probe for lost transmit interrupts: off and on again must raise it anew.
        _ = Read(InterruptIdent);
        Write(InterruptEnable, 0);
        Write(InterruptEnable, 2);
        Assert.Equal(0x02ul, Read(InterruptIdent));
    }

    [Fact]
    public void Typed_bytes_raise_the_receive_interrupt_until_they_are_read()
    {
        Write(FifoControl, 0x41);
        Write(InterruptEnable, 1);
        _console.Write("ab"u8);

        Assert.True(_line.Level);
        // Two bytes are below the trigger level of four: a time-out, with both FIFO bits set.
        Assert.Equal(0xccul, Read(InterruptIdent));
        Assert.Equal(1ul, Read(LineStatus) & 1);
        Assert.Equal((ulong)'a', Read(Data));
        Assert.True(_line.Level);
        Assert.Equal((ulong)'b', Read(Data));
        Assert.False(_line.Level);
        Assert.Equal(0ul, Read(LineStatus) & 1);
        Assert.Equal(0xc1ul, Read(InterruptIdent));
    }

    [Fact]
    public void The_trigger_level_decides_between_data_ready_and_time_out()
    {
        Write(FifoControl, 0x81);
        Write(InterruptEnable, 1);
        _console.Write("1234567"u8);
        Assert.Equal(0xccul, Read(InterruptIdent));
        _console.Write("8"u8);
        Assert.Equal(0xc4ul, Read(InterruptIdent));
    }

    [Fact]
    public void A_polling_driver_gets_every_byte_of_a_long_paste()
    {
        Write(FifoControl, 0x01);
        byte[] paste = new byte[1000];
        new Random(TestKit.TestSeed.Seed).NextBytes(paste);
        Assert.Equal(paste.Length, _console.Write(paste));

        var got = new List<byte>();
        while ((Read(LineStatus) & 1) != 0)
            got.Add((byte)Read(Data));
        Assert.Equal(paste, got);
    }

    [Fact]
    public void Clearing_the_receive_fifo_drops_what_is_in_it_but_not_what_waits_behind()
    {
        Write(FifoControl, 0x01);
        Write(InterruptEnable, 1);
        _console.Write("0123456789abcdefXYZ"u8);
        Write(FifoControl, 0x03);

        Assert.Equal((ulong)'X', Read(Data));
    }

    [Fact]
    public void Loop_back_returns_data_and_modem_lines()
    {
        Write(ModemControl, 0x1a);
        Assert.Equal(0x90ul, Read(ModemStatus) & 0xf0);
        Write(Data, 'q');
        Assert.Equal((ulong)'q', Read(Data));
        Assert.Empty(_console.Snapshot());
    }

    [Fact]
    public void The_divisor_latch_hides_data_and_interrupt_enable()
    {
        Write(InterruptEnable, 1);
        Write(LineControl, 0x83);
        Write(Data, 0x34);
        Write(InterruptEnable, 0x12);
        Assert.Equal((0x34ul, 0x12ul), (Read(Data), Read(InterruptEnable)));
        Write(LineControl, 0x03);
        Assert.Equal(1ul, Read(InterruptEnable));
        Assert.Empty(_console.Snapshot());
    }

    [Fact]
    public void Unused_interrupt_enable_bits_do_not_stick_and_scratch_does()
    {
        Write(InterruptEnable, 0xff);
        Assert.Equal(0x0ful, Read(InterruptEnable));
        Write(Scratch, 0x5a);
        Assert.Equal(0x5aul, Read(Scratch));
    }

    private ulong Read(ulong register) => _uart.Read(register, 1);

    private void Write(ulong register, ulong value) => _uart.Write(register, 1, value);
}
