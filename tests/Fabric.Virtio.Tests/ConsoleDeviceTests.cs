using System.Buffers.Binary;
using System.Text;
using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>Virtio 1.2, section 5.3. Event numbers are the standard's.</summary>
public sealed class ConsoleDeviceTests : IDisposable
{
    private const ulong Size = 1;
    private const ulong Multiport = 2;
    private const ushort DeviceReady = 0;
    private const ushort DeviceAdd = 1;
    private const ushort PortReady = 3;
    private const ushort ConsolePortEvent = 4;
    private const ushort Resize = 5;
    private const ushort PortOpen = 6;
    private const ushort PortName = 7;
    private const int TerminalRx = 0;
    private const int TerminalTx = 1;
    private const int ControlRx = 2;
    private const int ControlTx = 3;
    private const int AgentRx = 4;
    private const int AgentTx = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ConsoleDevice _device = new();
    private readonly GuestMachine _machine;

    public ConsoleDeviceTests() => _machine = new GuestMachine(_device);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Describes_itself()
    {
        Assert.Equal(3UL, _machine.OfferedFeatures & 7);
        Assert.Equal(2u, _machine.Config32(4));
        _device.Resize(132, 43);
        Assert.Equal(132, BinaryPrimitives.ReadUInt16LittleEndian(_machine.Config(0, 2)));
        Assert.Equal(43, BinaryPrimitives.ReadUInt16LittleEndian(_machine.Config(2, 2)));
    }

    [Fact]
    public void Introduces_its_ports_as_linux_expects()
    {
        GuestQueue[] queues = StartMultiport();
        Say(queues, uint.MaxValue, DeviceReady, 1);
        Assert.Equal((0u, DeviceAdd), Hear(queues, out _));
        Assert.Equal((1u, DeviceAdd), Hear(queues, out _));

        _device.Resize(100, 30);
        Say(queues, 0, PortReady, 1);
        Assert.Equal((0u, ConsolePortEvent), Hear(queues, out _));
        Assert.Equal((0u, PortOpen), Hear(queues, out _));
        Assert.Equal((0u, Resize), Hear(queues, out byte[] size));
        Assert.Equal(new byte[] { 100, 0, 30, 0 }, size);

        Say(queues, 1, PortReady, 1);
        Assert.Equal((1u, PortName), Hear(queues, out byte[] name));
        Assert.Equal("org.fabric.agent", Encoding.ASCII.GetString(name));
        Assert.Equal((1u, PortOpen), Hear(queues, out _));
    }

    [Fact]
    public async Task Tells_the_host_when_a_process_opens_and_closes_a_port()
    {
        GuestQueue[] queues = StartMultiport();
        ConsolePort agent = _device.Ports[1];
        Task open = agent.WaitForOpenAsync();
        Assert.False(agent.IsOpen);
        Say(queues, 1, PortOpen, 1);
        await open.WaitAsync(Patience);
        Assert.True(agent.IsOpen);
        Assert.False(_device.Terminal.IsOpen);
        Task close = agent.WaitForCloseAsync();
        Say(queues, 1, PortOpen, 0);
        await close.WaitAsync(Patience);
        Say(queues, 1, PortOpen, 1);
        await agent.WaitForOpenAsync().WaitAsync(Patience);
        _machine.Write(0x70, 0);
        await agent.WaitForCloseAsync().WaitAsync(Patience);
    }

    [Fact]
    public async Task Bytes_flow_both_ways_on_each_port()
    {
        GuestQueue[] queues = StartMultiport();
        foreach ((int port, int rx, int tx) in new[] { (0, TerminalRx, TerminalTx), (1, AgentRx, AgentTx) })
        {
            Say(queues, (uint)port, PortOpen, 1);
            queues[tx].Add(_machine.Readable("from "u8), _machine.Readable([(byte)('0' + port)]));
            queues[tx].Kick();
            byte[] got = new byte[6];
            await _device.Ports[port].Stream.ReadExactlyAsync(got).AsTask().WaitAsync(Patience);
            Assert.Equal($"from {port}", Encoding.ASCII.GetString(got));
            queues[tx].WaitUsed();

            GuestBuffer small = _machine.Writable(3);
            GuestBuffer large = _machine.Writable(64);
            queues[rx].Add(small);
            queues[rx].Add(large);
            queues[rx].Kick();
            await _device.Ports[port].Stream.WriteAsync(Encoding.ASCII.GetBytes($"to {port}"));
            Assert.Equal(3u, queues[rx].WaitUsed().Length);
            Assert.Equal(1u, queues[rx].WaitUsed().Length);
            Assert.Equal("to "u8.ToArray(), _machine.Memory.GetBytes(small.Address, 3));
            Assert.Equal((byte)('0' + port), _machine.Memory.Get<byte>(large.Address));
        }
    }

    [Fact]
    public async Task A_port_nobody_has_open_keeps_bytes_for_whoever_opens_it()
    {
        GuestQueue[] queues = StartMultiport();
        queues[AgentRx].Add(_machine.Writable(64));
        queues[AgentRx].Kick();
        await _device.Ports[1].Stream.WriteAsync("early"u8.ToArray());
        // The control answer shows that the device has been round since.
        Say(queues, 1, PortReady, 1);
        Hear(queues, out _);
        Assert.Equal(0, queues[AgentRx].UsedIndex);
        Say(queues, 1, PortOpen, 1);
        Assert.Equal(5u, queues[AgentRx].WaitUsed().Length);
    }

    [Fact]
    public async Task Bytes_for_a_process_that_went_away_are_dropped()
    {
        GuestQueue[] queues = StartMultiport();
        ConsolePort agent = _device.Ports[1];
        Say(queues, 1, PortOpen, 1);
        await agent.WaitForOpenAsync().WaitAsync(Patience);
        await agent.Stream.WriteAsync("old"u8.ToArray());
        Say(queues, 1, PortOpen, 0);
        await agent.WaitForCloseAsync().WaitAsync(Patience);
        Say(queues, 1, PortOpen, 1);
        await agent.WaitForOpenAsync().WaitAsync(Patience);
        await agent.Stream.WriteAsync("new!"u8.ToArray());
        GuestBuffer buffer = _machine.Writable(64);
        queues[AgentRx].Add(buffer);
        queues[AgentRx].Kick();
        Assert.Equal(4u, queues[AgentRx].WaitUsed().Length);
        Assert.Equal("new!"u8.ToArray(), _machine.Memory.GetBytes(buffer.Address, 4));
    }

    [Fact]
    public async Task A_guest_that_writes_more_than_the_host_reads_is_held_back_and_loses_nothing()
    {
        GuestQueue[] queues = StartMultiport();
        const int chunk = 10_000;
        byte[] sent = new byte[12 * chunk];
        new Random(1).NextBytes(sent);
        for (int i = 0; i < 12; i++)
            queues[AgentTx].Add(_machine.Readable(sent.AsSpan(i * chunk, chunk / 2)), _machine.Readable(sent.AsSpan((i * chunk) + (chunk / 2), chunk / 2)));
        queues[AgentTx].Kick();
        int fits = ConsolePort.BufferLength / chunk;
        for (int i = 0; i < fits; i++)
            queues[AgentTx].WaitUsed();
        // Another round of the device does not bring it further.
        Say(queues, 1, PortReady, 1);
        Hear(queues, out _);
        Assert.Equal(fits, queues[AgentTx].UsedIndex);

        byte[] got = new byte[sent.Length];
        await _device.Ports[1].Stream.ReadExactlyAsync(got).AsTask().WaitAsync(Patience);
        Assert.Equal(sent, got);
        for (int i = fits; i < 12; i++)
            queues[AgentTx].WaitUsed();
        Assert.False(_machine.NeedsReset);
    }

    [Fact]
    public async Task A_host_that_writes_more_than_the_guest_reads_waits()
    {
        GuestQueue[] queues = StartMultiport();
        Say(queues, 1, PortOpen, 1);
        byte[] sent = new byte[ConsolePort.BufferLength + 5000];
        new Random(2).NextBytes(sent);
        Task writing = _device.Ports[1].Stream.WriteAsync(sent).AsTask();
        Assert.True(SpinWait.SpinUntil(() => _device.Ports[1].ToGuest.Room == 0, Patience));
        Assert.False(writing.IsCompleted);
        List<byte> got = [];
        GuestBuffer buffer = _machine.Writable(4096);
        while (got.Count < sent.Length)
        {
            queues[AgentRx].Add(buffer);
            queues[AgentRx].Kick();
            got.AddRange(_machine.Memory.GetBytes(buffer.Address, (int)queues[AgentRx].WaitUsed().Length));
        }

        await writing.WaitAsync(Patience);
        Assert.Equal(sent, got);
    }

    [Fact]
    public async Task Without_multiport_there_is_one_open_port()
    {
        GuestQueue[] queues = _machine.Start(Size, 2, 16);
        await _device.Terminal.WaitForOpenAsync().WaitAsync(Patience);
        GuestBuffer buffer = _machine.Writable(16);
        queues[TerminalRx].Add(buffer);
        queues[TerminalRx].Kick();
        await _device.Terminal.Stream.WriteAsync("ls\n"u8.ToArray());
        Assert.Equal(3u, queues[TerminalRx].WaitUsed().Length);
        _machine.WaitInterrupt();
        _device.Resize(90, 20);
        Assert.Equal(2u, _machine.WaitInterrupt());
        Assert.Equal(90, BinaryPrimitives.ReadUInt16LittleEndian(_machine.Config(0, 2)));
    }

    [Fact]
    public void A_flood_of_requests_is_answered_once_a_buffer_is_there()
    {
        GuestQueue[] queues = StartMultiport(controlBuffers: 0);
        for (int i = 0; i < 500; i++)
            Say(queues, 1, PortReady, 1);
        GiveControlBuffers(queues, 16);
        Assert.Equal((1u, PortName), Hear(queues, out _));
        Assert.Equal((1u, PortOpen), Hear(queues, out _));
        Say(queues, uint.MaxValue, DeviceReady, 1);
        Assert.Equal((0u, DeviceAdd), Hear(queues, out _));
    }

    [Theory]
    [InlineData(2u, PortReady)]
    [InlineData(uint.MaxValue, PortOpen)]
    [InlineData(0u, (ushort)99)]
    [InlineData(0u, ushort.MaxValue)]
    public void Control_messages_that_make_no_sense_are_ignored(uint id, ushort kind)
    {
        GuestQueue[] queues = StartMultiport();
        Say(queues, id, kind, 1);
        queues[ControlTx].Add(_machine.Readable([1, 2, 3]));
        queues[ControlTx].Kick();
        queues[ControlTx].WaitUsed();
        Say(queues, 1, PortReady, 1);
        Assert.Equal((1u, PortName), Hear(queues, out _));
        Assert.False(_machine.NeedsReset);
    }

    [Fact]
    public async Task What_the_guest_printed_before_a_reboot_can_still_be_read()
    {
        GuestQueue[] queues = StartMultiport();
        queues[TerminalTx].Add(_machine.Readable("panic!"u8));
        queues[TerminalTx].Kick();
        queues[TerminalTx].WaitUsed();
        _machine.Write(0x70, 0);
        byte[] got = new byte[6];
        await _device.Terminal.Stream.ReadExactlyAsync(got).AsTask().WaitAsync(Patience);
        Assert.Equal("panic!"u8.ToArray(), got);
    }

    [Fact]
    public async Task A_disposed_device_ends_its_streams_and_waiters()
    {
        ConsolePort agent = _device.Ports[1];
        Task<int> reading = agent.Stream.ReadAsync(new byte[10]).AsTask();
        Task waiting = agent.WaitForOpenAsync();
        _device.Dispose();
        Assert.Equal(0, await reading.WaitAsync(Patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Patience));
        await Assert.ThrowsAsync<IOException>(() => agent.Stream.WriteAsync(new byte[1]).AsTask());
    }

    [Fact]
    public async Task The_last_words_of_a_machine_can_be_read_after_its_end()
    {
        GuestQueue[] queues = StartMultiport();
        queues[TerminalTx].Add(_machine.Readable("reboot: Power down"u8));
        queues[TerminalTx].Kick();
        queues[TerminalTx].WaitUsed();
        _device.Dispose();
        byte[] got = new byte[100];
        Assert.Equal(18, await _device.Terminal.Stream.ReadAsync(got).AsTask().WaitAsync(Patience));
        Assert.Equal(0, await _device.Terminal.Stream.ReadAsync(got).AsTask().WaitAsync(Patience));
        _device.Resize(10, 10);
    }

    [Fact]
    public async Task A_reader_can_give_up()
    {
        using CancellationTokenSource cancel = new();
        Task<int> reading = _device.Terminal.Stream.ReadAsync(new byte[10], cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Patience));
    }

    private GuestQueue[] StartMultiport(int controlBuffers = 16)
    {
        GuestQueue[] queues = _machine.Start(Size | Multiport | GuestMachine.FeatureEventIndex, 6, 64);
        GiveControlBuffers(queues, controlBuffers);
        return queues;
    }

    private void GiveControlBuffers(GuestQueue[] queues, int count)
    {
        for (int i = 0; i < count; i++)
        {
            GuestBuffer buffer = _machine.Writable(128);
            _controlBuffers[queues[ControlRx].Add(buffer)] = buffer;
        }

        queues[ControlRx].Kick();
    }

    private readonly Dictionary<uint, GuestBuffer> _controlBuffers = [];

    private void Say(GuestQueue[] queues, uint id, ushort kind, ushort value)
    {
        byte[] message = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(message, id);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), kind);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), value);
        queues[ControlTx].Add(_machine.Readable(message));
        queues[ControlTx].Kick();
        queues[ControlTx].WaitUsed();
    }

    private (uint Id, ushort Kind) Hear(GuestQueue[] queues, out byte[] extra)
    {
        UsedElement used = queues[ControlRx].WaitUsed();
        byte[] message = _machine.Memory.GetBytes(_controlBuffers[used.Id].Address, (int)used.Length);
        Assert.Equal(1, BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(6)));
        extra = message[8..];
        return (BinaryPrimitives.ReadUInt32LittleEndian(message), BinaryPrimitives.ReadUInt16LittleEndian(message.AsSpan(4)));
    }
}
