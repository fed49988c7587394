using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>Virtio 1.2, section 4.2, and the life of a device, section 3.1.</summary>
public sealed class MmioTransportTests : IDisposable
{
    private readonly LoopbackDevice _device = new(queues: 2);
    private readonly GuestMachine _machine;

    public MmioTransportTests() => _machine = new GuestMachine(_device);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Identifies_itself()
    {
        Assert.Equal(0x74726976u, _machine.Read(0x00));
        Assert.Equal(2u, _machine.Read(0x04));
        Assert.Equal(4u, _machine.Read(0x08));
        Assert.NotEqual(0u, _machine.Read(0x0C));
        Assert.Equal(0u, _machine.Status);
    }

    [Fact]
    public void Offers_64_feature_bits_and_no_more()
    {
        ulong expected = (1UL << 5) | (1UL << 28) | (1UL << 29) | (1UL << 32) | (1UL << 40);
        Assert.Equal(expected, _machine.OfferedFeatures);
        _machine.Write(0x14, 2);
        Assert.Equal(0u, _machine.Read(0x10));
        _machine.Write(0x14, uint.MaxValue);
        Assert.Equal(0u, _machine.Read(0x10));
    }

    [Fact]
    public void Refuses_features_it_does_not_offer()
    {
        Assert.False(_machine.Negotiate(1UL << 6));
        Assert.Equal(3u, _machine.Status);
        Assert.True(_machine.Negotiate(1UL << 5));
        Assert.Equal((1UL << 5) | (1UL << 32), _device.Features);
    }

    [Fact]
    public void Refuses_a_legacy_driver()
    {
        _machine.Write(0x70, 1);
        _machine.Write(0x70, 3);
        _machine.Write(0x24, 0);
        _machine.Write(0x20, 1 << 5);
        _machine.Write(0x70, 11);
        Assert.Equal(3u, _machine.Status);
    }

    [Fact]
    public void Features_are_fixed_once_agreed()
    {
        Assert.True(_machine.Negotiate(0));
        _machine.Write(0x24, 0);
        _machine.Write(0x20, 1 << 5);
        Assert.Equal(1UL << 32, _device.Features);
    }

    [Fact]
    public void Driver_ok_needs_agreed_features()
    {
        _machine.Write(0x70, 1 | 2 | 4);
        Assert.Equal(3u, _machine.Status);
        Assert.Equal(0, _device.ActivatedTimes);
    }

    [Fact]
    public void Status_bits_are_added_and_only_a_reset_takes_them_away()
    {
        _machine.Write(0x70, 1);
        _machine.Write(0x70, 2);
        Assert.Equal(3u, _machine.Status);
        _machine.Write(0x70, 64 | 128);
        Assert.Equal(131u, _machine.Status);
        _machine.Write(0x70, 0);
        Assert.Equal(0u, _machine.Status);
    }

    [Fact]
    public void Describes_its_queues()
    {
        for (uint i = 0; i < 2; i++)
        {
            _machine.Write(0x30, i);
            Assert.Equal(256u, _machine.Read(0x34));
            Assert.Equal(0u, _machine.Read(0x44));
        }

        _machine.Write(0x30, 2);
        Assert.Equal(0u, _machine.Read(0x34));
        _machine.Write(0x44, 1);
        Assert.Equal(0u, _machine.Read(0x44));
    }

    [Fact]
    public void A_device_without_shared_memory_says_minus_one()
    {
        _machine.Write(0xAC, 0);
        foreach (ulong register in new ulong[] { 0xB0, 0xB4, 0xB8, 0xBC })
            Assert.Equal(uint.MaxValue, _machine.Read(register));
    }

    [Fact]
    public void Configuration_reads_at_any_width_and_zero_past_its_end()
    {
        _device.Change(0xAB);
        Assert.Equal(0xABul, _machine.Transport.Read(0x100, 1));
        Assert.Equal(0xABul, _machine.Transport.Read(0x100, 2));
        Assert.Equal(0xABul, _machine.Transport.Read(0x100, 4));
        Assert.Equal(0xABul, _machine.Transport.Read(0x100, 8));
        Assert.Equal(0ul, _machine.Transport.Read(0x10E, 8));
        Assert.Equal(0ul, _machine.Transport.Read(0xFF8, 8));
    }

    [Fact]
    public void The_generation_changes_with_the_configuration()
    {
        uint before = _machine.Read(0xFC);
        _device.Change(1);
        Assert.NotEqual(before, _machine.Read(0xFC));
    }

    [Fact]
    public void No_configuration_interrupt_before_the_driver_is_live()
    {
        _device.Change(1);
        Assert.False(_machine.Line.Level);
        _machine.Start(0, 1, 8);
        _device.Change(2);
        Assert.Equal(2u, _machine.InterruptStatus);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Registers_answer_four_byte_accesses_only(int size)
    {
        Assert.Equal(0ul, _machine.Transport.Read(0, size));
        _machine.Transport.Write(0x70, size, 1);
        Assert.Equal(0u, _machine.Status);
    }

    [Fact]
    public void A_reset_forgets_queues_and_lowers_the_wire()
    {
        GuestQueue queue = _machine.Start(0, 1, 8)[0];
        queue.Add(_machine.Readable("x"u8));
        _device.Serve();
        Assert.True(_machine.Line.Level);
        int resets = _device.ResetTimes;
        _machine.Write(0x70, 0);
        Assert.False(_machine.Line.Level);
        Assert.Equal(0u, _machine.Read(0x44));
        Assert.Equal(0UL, _device.Features);
        Assert.Equal(resets + 1, _device.ResetTimes);
        queue.Add(_machine.Readable("y"u8));
        Assert.Equal(0, _device.Serve());
    }

    [Fact]
    public void One_queue_can_be_reset_and_set_up_anew()
    {
        GuestQueue[] queues = _machine.Start(GuestMachine.FeatureRingReset, 2, 8);
        queues[0].Add(_machine.Readable("x"u8));
        _device.Serve();
        _machine.Write(0x30, 0);
        _machine.Write(0xC0, 1);
        Assert.Equal(0u, _machine.Read(0xC0));
        Assert.Equal(0u, _machine.Read(0x44));
        queues[1].Add(_machine.Readable("x"u8));
        Assert.Equal(1, _device.Serve(index: 1));
        _machine.Configure(queues[0]);
        queues[0].Add(_machine.Readable("x"u8));
        Assert.Equal(1, _device.Serve());
        Assert.Equal(1, queues[0].UsedIndex);
    }

    [Fact]
    public void A_queue_reset_needs_the_feature()
    {
        _machine.Start(0, 1, 8);
        _machine.Write(0x30, 0);
        _machine.Write(0xC0, 1);
        Assert.Equal(1u, _machine.Read(0x44));
    }

    [Fact]
    public void A_ready_queue_keeps_its_addresses()
    {
        GuestQueue queue = _machine.Start(0, 1, 8)[0];
        _machine.Write(0x30, 0);
        _machine.WriteAddress(0x80, 0x1234);
        _machine.Write(0x38, 4);
        Assert.Equal(queue.Descriptors, _device.Queues[0].DescriptorAddress);
        Assert.Equal(8u, _device.Queues[0].Size);
    }

    [Fact]
    public void A_paused_device_takes_nothing_and_looks_again_when_resumed()
    {
        GuestQueue queue = _machine.Start(0, 1, 8)[0];
        _device.Quiesce();
        queue.Add(_machine.Readable("x"u8));
        queue.Kick();
        Assert.Equal(0, _device.Serve());
        int before = _device.Notifications;
        _device.Resume();
        Assert.Equal(before + 1, _device.Notifications);
        Assert.Equal(1, _device.Serve());
    }

    [Fact]
    public void A_driver_that_starts_on_a_paused_device_waits_for_resume()
    {
        _device.Quiesce();
        GuestQueue queue = _machine.Start(0, 1, 8)[0];
        queue.Add(_machine.Readable("x"u8));
        Assert.Equal(0, _device.Serve());
        _device.Resume();
        Assert.Equal(1, _device.Serve());
    }
}
