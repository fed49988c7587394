using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>Virtio 1.2, section 5.4.</summary>
public sealed class EntropyDeviceTests
{
    [Fact]
    public void Fills_what_the_guest_offers_and_no_byte_more()
    {
        using GuestMachine machine = new(new EntropyDevice(span => span.Fill(0x5A)));
        GuestQueue queue = machine.Start(GuestMachine.FeatureEventIndex, 1, 8)[0];
        GuestBuffer first = machine.Writable(16);
        GuestBuffer second = machine.Writable(100);
        ulong fence = machine.Allocate(16);
        queue.Add(first, second);
        queue.Kick();
        Assert.Equal(116u, queue.WaitUsed().Length);
        Assert.False(machine.Memory.GetBytes(first.Address, 16).AsSpan().ContainsAnyExcept((byte)0x5A));
        Assert.False(machine.Memory.GetBytes(second.Address, 100).AsSpan().ContainsAnyExcept((byte)0x5A));
        Assert.Equal(new byte[16], machine.Memory.GetBytes(fence, 16));
        Assert.Equal(1u, machine.WaitInterrupt());
    }

    [Fact]
    public void Gives_part_of_what_a_greedy_guest_asks_for()
    {
        using GuestMachine machine = new(new EntropyDevice(span => span.Fill(1)));
        GuestQueue queue = machine.Start(0, 1, 8)[0];
        queue.Add(machine.Writable(1 << 20));
        queue.Kick();
        Assert.Equal((uint)EntropyDevice.MaxPerRequest, queue.WaitUsed().Length);
    }

    [Fact]
    public void Gives_a_request_without_room_back_empty()
    {
        using GuestMachine machine = new(new EntropyDevice(span => span.Fill(1)));
        GuestQueue queue = machine.Start(0, 1, 8)[0];
        queue.Add(machine.Readable("nothing"u8));
        queue.Kick();
        Assert.Equal(0u, queue.WaitUsed().Length);
    }

    [Fact]
    public void Serves_request_after_request()
    {
        int calls = 0;
        using GuestMachine machine = new(new EntropyDevice(span => span.Fill((byte)Interlocked.Increment(ref calls))));
        GuestQueue queue = machine.Start(GuestMachine.FeatureEventIndex, 1, 8)[0];
        GuestBuffer buffer = machine.Writable(1);
        for (int i = 1; i < 200; i++)
        {
            queue.Add(buffer);
            queue.Kick();
            queue.WaitUsed();
            Assert.Equal((byte)i, machine.Memory.Get<byte>(buffer.Address));
        }
    }
}
