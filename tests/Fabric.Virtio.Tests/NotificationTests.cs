using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>Virtio 1.2, sections 2.7.7 to 2.7.10: who notifies whom, and when not.</summary>
public sealed class NotificationTests : IDisposable
{
    private readonly LoopbackDevice _device = new();
    private readonly GuestMachine _machine;

    public NotificationTests() => _machine = new GuestMachine(_device);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void One_interrupt_tells_of_a_burst()
    {
        GuestQueue queue = _machine.Start(0, 1, 16)[0];
        for (int i = 0; i < 10; i++)
            queue.Add(_machine.Readable("x"u8));
        _device.Serve();
        Assert.Equal(1, _machine.Line.Edges);
    }

    [Fact]
    public void A_driver_that_wants_no_interrupts_gets_none()
    {
        GuestQueue queue = _machine.Start(0, 1, 16)[0];
        queue.SuppressInterrupts(true);
        queue.Add(_machine.Readable("x"u8));
        _device.Serve();
        Assert.Equal(1, queue.UsedIndex);
        Assert.Equal(0, _machine.Line.Edges);
        queue.SuppressInterrupts(false);
        queue.Add(_machine.Readable("x"u8));
        _device.Serve();
        Assert.Equal(1, _machine.Line.Edges);
    }

    [Fact]
    public void The_no_interrupt_flag_does_not_count_with_event_indices()
    {
        // 2.7.7.2: with EVENT_IDX the device ignores the lower bit of the flags.
        GuestQueue queue = _machine.Start(GuestMachine.FeatureEventIndex, 1, 16)[0];
        queue.SuppressInterrupts(true);
        queue.Add(_machine.Readable("x"u8));
        _device.Serve();
        Assert.Equal(1, _machine.Line.Edges);
    }

    [Theory]
    [InlineData(0, 1, true)]
    [InlineData(0, 3, true)]
    [InlineData(2, 3, true)]
    [InlineData(3, 3, false)]
    [InlineData(7, 3, false)]
    [InlineData(65535, 3, false)]
    public void An_interrupt_comes_when_the_used_index_passes_used_event(int usedEvent, int chains, bool interrupt)
    {
        // 2.7.7: used_event n asks for an interrupt when the element with index n is added, that is when the index becomes n + 1.
        GuestQueue queue = _machine.Start(GuestMachine.FeatureEventIndex, 1, 16)[0];
        queue.UsedEvent = (ushort)usedEvent;
        for (int i = 0; i < chains; i++)
            queue.Add(_machine.Readable("x"u8));
        _device.Serve();
        Assert.Equal(interrupt, _machine.Line.Level);
    }

    [Fact]
    public void Used_event_works_across_the_wrap_at_65536()
    {
        GuestQueue queue = _machine.Start(GuestMachine.FeatureEventIndex, 1, 4)[0];
        GuestBuffer request = _machine.Readable("r"u8);
        queue.UsedEvent = 40_000;
        RunTo(queue, request, 65_534);
        Assert.Equal(1, _machine.Line.Edges);
        _machine.WaitInterrupt();
        queue.UsedEvent = 0;
        RunTo(queue, request, 65_535);
        RunTo(queue, request, 0);
        Assert.False(_machine.Line.Level);
        RunTo(queue, request, 1);
        Assert.True(_machine.Line.Level);
    }

    [Fact]
    public void Arming_asks_for_the_next_chain_and_sees_one_that_is_there()
    {
        GuestQueue queue = _machine.Start(GuestMachine.FeatureEventIndex, 1, 16)[0];
        queue.Add(_machine.Readable("x"u8));
        Assert.False(_device.Arm());
        _device.Serve();
        Assert.True(_device.Arm());
        Assert.Equal(1, queue.AvailableEvent);
    }

    [Fact]
    public void Without_event_indices_the_flag_says_whether_to_notify()
    {
        GuestQueue queue = _machine.Start(0, 1, 16)[0];
        _device.Disarm();
        Assert.Equal(1, queue.UsedFlags);
        Assert.True(_device.Arm());
        Assert.Equal(0, queue.UsedFlags);
    }

    [Fact]
    public void The_wire_stays_high_until_each_cause_is_acknowledged()
    {
        GuestQueue queue = _machine.Start(0, 1, 16)[0];
        queue.Add(_machine.Readable("x"u8));
        _device.Serve();
        _device.Change(7);
        Assert.Equal(3u, _machine.InterruptStatus);
        _machine.Write(0x64, 1);
        Assert.True(_machine.Line.Level);
        Assert.Equal(2u, _machine.InterruptStatus);
        _machine.Write(0x64, 2);
        Assert.False(_machine.Line.Level);
    }

    [Fact]
    public void A_notification_reaches_only_a_queue_that_runs()
    {
        Assert.True(_machine.Negotiate(0));
        GuestQueue queue = _machine.AddQueue(0, 8);
        queue.Kick();
        Assert.Equal(0, _device.Notifications);
        _machine.Go();
        int atStart = _device.Notifications;
        queue.Kick();
        _machine.Write(0x50, 1);
        _machine.Write(0x50, uint.MaxValue);
        Assert.Equal(atStart + 1, _device.Notifications);
    }

    private void RunTo(GuestQueue queue, GuestBuffer request, ushort usedIndex)
    {
        while (queue.UsedIndex != usedIndex)
        {
            queue.Add(request);
            _device.Serve();
            Assert.True(queue.TryTakeUsed(out _));
        }
    }
}
