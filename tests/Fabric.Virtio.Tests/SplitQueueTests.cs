using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>Virtio 1.2, section 2.7: chains, indirect tables, used ring.</summary>
public sealed class SplitQueueTests : IDisposable
{
    private readonly LoopbackDevice _device = new();
    private readonly GuestMachine _machine;

    public SplitQueueTests() => _machine = new GuestMachine(_device);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_chain_comes_back_with_the_bytes_written()
    {
        GuestQueue queue = _machine.Start(0, 1, 8)[0];
        GuestBuffer answer = _machine.Writable(100);
        ushort head = queue.Add(_machine.Readable("he"u8), _machine.Readable("llo"u8), answer);
        Assert.Equal(1, _device.Serve());
        Assert.True(queue.TryTakeUsed(out UsedElement used));
        Assert.Equal(new UsedElement(head, 5), used);
        Assert.Equal("hello"u8.ToArray(), _machine.Memory.GetBytes(answer.Address, 5));
        Assert.Equal(1u, _machine.WaitInterrupt());
    }

    [Fact]
    public void An_answer_is_spread_over_several_writable_buffers()
    {
        GuestQueue queue = _machine.Start(0, 1, 8)[0];
        GuestBuffer first = _machine.Writable(1);
        GuestBuffer second = _machine.Writable(2);
        queue.Add(_machine.Readable("abcd"u8), first, second);
        _device.Serve();
        Assert.True(queue.TryTakeUsed(out UsedElement used));
        Assert.Equal(3u, used.Length);
        Assert.Equal("a"u8.ToArray(), _machine.Memory.GetBytes(first.Address, 1));
        Assert.Equal("bc"u8.ToArray(), _machine.Memory.GetBytes(second.Address, 2));
    }

    [Fact]
    public void An_indirect_table_is_one_chain()
    {
        GuestQueue queue = _machine.Start(GuestMachine.FeatureIndirect, 1, 8)[0];
        GuestBuffer answer = _machine.Writable(16);
        queue.AddIndirect(_machine.Readable("in"u8), _machine.Readable("direct"u8), answer);
        _device.Serve();
        Assert.True(queue.TryTakeUsed(out UsedElement used));
        Assert.Equal(8u, used.Length);
        Assert.Equal("indirect"u8.ToArray(), _machine.Memory.GetBytes(answer.Address, 8));
        Assert.Equal(3, Assert.Single(_device.Lengths));
    }

    [Fact]
    public void Direct_descriptors_may_end_in_an_indirect_one()
    {
        // 2.7.5.3.2: zero or more normal descriptors followed by a single indirect one.
        GuestQueue queue = _machine.Start(GuestMachine.FeatureIndirect, 1, 8)[0];
        GuestBuffer first = _machine.Readable("one "u8);
        GuestBuffer second = _machine.Readable("chain"u8);
        GuestBuffer answer = _machine.Writable(16);
        ulong table = _machine.Allocate(32);
        queue.WriteDescriptor(table, 0, second.Address, 5, GuestQueue.FlagNext, 1);
        queue.WriteDescriptor(table, 1, answer.Address, 16, GuestQueue.FlagWrite, 0);
        queue.WriteDescriptor(3, first.Address, 4, GuestQueue.FlagNext, 5);
        // 2.7.5.3.2: the write flag of the descriptor that refers to the table is ignored.
        queue.WriteDescriptor(5, table, 32, GuestQueue.FlagIndirect | GuestQueue.FlagWrite, 0);
        queue.Expose(3);
        _device.Serve();
        Assert.True(queue.TryTakeUsed(out UsedElement used));
        Assert.Equal(new UsedElement(3, 9), used);
        Assert.Equal("one chain"u8.ToArray(), _machine.Memory.GetBytes(answer.Address, 9));
    }

    [Fact]
    public void An_indirect_table_may_be_longer_than_the_queue()
    {
        GuestQueue queue = _machine.Start(GuestMachine.FeatureIndirect, 1, 8)[0];
        GuestBuffer[] buffers = new GuestBuffer[SplitQueue.MaxChain];
        Array.Fill(buffers, _machine.Readable("x"u8));
        queue.AddIndirect(buffers);
        Assert.Equal(1, _device.Serve());
        Assert.Equal(SplitQueue.MaxChain, Assert.Single(_device.Lengths));
    }

    [Fact]
    public void Chains_may_use_the_whole_queue()
    {
        GuestQueue queue = _machine.Start(0, 1, 8)[0];
        GuestBuffer byteBuffer = _machine.Readable("x"u8);
        GuestBuffer[] buffers = new GuestBuffer[8];
        Array.Fill(buffers, byteBuffer);
        queue.Add(buffers);
        Assert.Equal(1, _device.Serve());
        Assert.False(_machine.NeedsReset);
    }

    [Fact]
    public void Buffers_that_overlap_spoil_only_the_drivers_data()
    {
        GuestQueue queue = _machine.Start(0, 1, 8)[0];
        GuestBuffer source = _machine.Readable("abcdefgh"u8);
        queue.Add(source, new GuestBuffer(source.Address, 8, true));
        Assert.Equal(1, _device.Serve());
        // The used ring itself as a buffer: whatever the driver gets, the queue goes on.
        queue.Add(source, new GuestBuffer(queue.Used, 8, true));
        Assert.Equal(1, _device.Serve());
        Assert.False(_machine.NeedsReset);
        queue.Add(source);
        Assert.Equal(1, _device.Serve());
    }

    [Fact]
    public void Indices_wrap_at_65536_and_every_chain_comes_back_once()
    {
        GuestQueue queue = _machine.Start(GuestMachine.FeatureEventIndex, 1, 4)[0];
        GuestBuffer request = _machine.Readable("r"u8);
        for (int i = 0; i < 70_000; i++)
        {
            ushort head = queue.Add(request);
            Assert.Equal(1, _device.Serve());
            Assert.True(queue.TryTakeUsed(out UsedElement used));
            Assert.Equal(head, used.Id);
            Assert.False(queue.TryTakeUsed(out _));
        }

        Assert.Equal(70_000 - 65_536, queue.UsedIndex);
    }

    [Fact]
    public void Two_queues_do_not_mix()
    {
        using LoopbackDevice device = new(queues: 2);
        using GuestMachine machine = new(device);
        GuestQueue[] queues = machine.Start(0, 2, 8);
        queues[1].Add(machine.Readable("x"u8));
        Assert.Equal(0, device.Serve(index: 0));
        Assert.Equal(1, device.Serve(index: 1));
        Assert.False(queues[0].TryTakeUsed(out _));
        Assert.True(queues[1].TryTakeUsed(out _));
    }
}
