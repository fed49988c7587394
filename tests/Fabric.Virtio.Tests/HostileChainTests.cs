using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>Drivers that break the rules of section 2.7: the device asks for a reset, and after one it works again.</summary>
public sealed class HostileChainTests
{
    private const ulong Good = GuestMachine.RamBase + 0x80_0000;
    private const ushort Next = GuestQueue.FlagNext;
    private const ushort Write = GuestQueue.FlagWrite;
    private const ushort Indirect = GuestQueue.FlagIndirect;
    private const int QueueSize = 8;

    private static readonly Dictionary<string, (QueueFault Fault, Action<GuestMachine, GuestQueue> Break)> Cases = new()
    {
        ["available index jumps"] = (QueueFault.AvailableIndex, (_, q) => q.AvailableIndex = QueueSize + 1),
        ["available index runs backwards"] = (QueueFault.AvailableIndex, (_, q) => q.AvailableIndex = 0xFFFF),
        ["head beyond the queue"] = (QueueFault.DescriptorIndex, (_, q) => q.Expose(QueueSize)),
        ["head far beyond"] = (QueueFault.DescriptorIndex, (_, q) => q.Expose(0xFFFF)),
        ["next beyond the queue"] = (QueueFault.DescriptorIndex, (_, q) => Chain(q, (Good, 16, Next, QueueSize))),
        ["points to itself"] = (QueueFault.Loop, (_, q) => Chain(q, (Good, 16, Next, 0))),
        ["loop of two"] = (QueueFault.Loop, (_, q) => Chain(q, (Good, 16, Next, 1), (Good, 16, Next, 0))),
        ["zero length"] = (QueueFault.ZeroLength, (_, q) => Chain(q, (Good, 0, 0, 0))),
        ["zero length behind a good one"] = (QueueFault.ZeroLength, (_, q) => Chain(q, (Good, 16, Next, 1), (Good, 0, Write, 0))),
        ["2 GiB"] = (QueueFault.Oversized, (_, q) => Chain(q, (Good, 0x8000_0000, 0, 0))),
        ["longest length"] = (QueueFault.Oversized, (_, q) => Chain(q, (Good, uint.MaxValue, Write, 0))),
        ["below RAM"] = (QueueFault.OutsideMemory, (_, q) => Chain(q, (0x1000, 16, 0, 0))),
        ["one byte below RAM"] = (QueueFault.OutsideMemory, (_, q) => Chain(q, (GuestMachine.RamBase - 1, 2, 0, 0))),
        ["one byte past RAM"] = (QueueFault.OutsideMemory, (_, q) => Chain(q, (GuestMachine.RamBase + GuestMachine.RamLength - 15, 16, 0, 0))),
        ["wraps around"] = (QueueFault.OutsideMemory, (_, q) => Chain(q, (ulong.MaxValue - 7, 16, 0, 0))),
        ["readable behind writable"] = (QueueFault.Order, (_, q) => Chain(q, (Good, 16, Write | Next, 1), (Good, 16, 0, 0))),
        ["table empty"] = (QueueFault.IndirectLength, (_, q) => Chain(q, (Good, 0, Indirect, 0))),
        ["table of half a descriptor"] = (QueueFault.IndirectLength, (_, q) => Chain(q, (Good, 24, Indirect, 0))),
        ["table too long"] = (QueueFault.IndirectLength, (_, q) => Chain(q, (Good, 16 * 1025, Indirect, 0))),
        ["table of 4 GiB"] = (QueueFault.IndirectLength, (_, q) => Chain(q, (Good, 0xFFFF_FFF0, Indirect, 0))),
        ["table outside RAM"] = (QueueFault.OutsideMemory, (_, q) => Chain(q, (0x1000, 32, Indirect, 0))),
        ["table with NEXT"] = (QueueFault.IndirectWithNext, (_, q) => Chain(q, (Good, 32, Indirect | Next, 1))),
        ["table in a table"] = (QueueFault.IndirectNested, (_, q) => Table(q, (Good + 0x1000, 32, Indirect, 0))),
        ["table names an entry it lacks"] = (QueueFault.DescriptorIndex, (_, q) => Table(q, (Good, 16, Next, 1))),
        ["loop in a table"] = (QueueFault.Loop, (_, q) => Table(q, (Good, 16, Next, 1), (Good, 16, Next, 0))),
        ["readable behind writable in a table"] = (QueueFault.Order, (_, q) => Table(q, (Good, 16, Next | Write, 1), (Good, 16, 0, 0))),
        ["too many buffers in all"] = (QueueFault.ChainLength, (m, q) =>
        {
            Table(q, Enumerable.Range(0, 1024).Select(i => (Good + 0x10000, 1u, (ushort)(i < 1023 ? Next : 0), (ushort)(i + 1))).ToArray());
            q.WriteDescriptor(3, Good, 1, Next, 0);
            q.AvailableIndex = 0;
            q.Expose(3);
        }),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_broken_chain_makes_the_device_ask_for_a_reset(string name)
    {
        using LoopbackDevice device = new();
        using GuestMachine machine = new(device);
        GuestQueue queue = machine.Start(GuestMachine.FeatureIndirect, 1, QueueSize)[0];
        (QueueFault fault, Action<GuestMachine, GuestQueue> breakIt) = Cases[name];

        breakIt(machine, queue);
        device.Serve();

        Assert.Equal(fault, device.LastFault);
        Assert.True(machine.NeedsReset);
        // 2.1.2: a live driver gets a configuration change notification.
        Assert.Equal(2u, machine.InterruptStatus & 2);
        Assert.Equal(0, queue.UsedIndex);
        Assert.Equal(0, device.Serve());

        AssertWorksAfterReset(machine, device, queue);
    }

    [Fact]
    public void An_indirect_table_needs_the_feature()
    {
        using LoopbackDevice device = new();
        using GuestMachine machine = new(device);
        GuestQueue queue = machine.Start(0, 1, QueueSize)[0];
        Table(queue, (Good, 16, 0, 0));
        device.Serve();
        Assert.Equal(QueueFault.IndirectNotAgreed, device.LastFault);
    }

    [Fact]
    public void A_chain_of_more_than_4_GiB_is_refused()
    {
        using LoopbackDevice device = new();
        using GuestMachine machine = new(device);
        GuestQueue queue = machine.Start(GuestMachine.FeatureIndirect, 1, QueueSize)[0];
        Table(queue, Enumerable.Range(0, 1000).Select(i => (GuestMachine.RamBase, 8u << 20, (ushort)(i < 999 ? Next : 0), (ushort)(i + 1))).ToArray());
        device.Serve();
        Assert.Equal(QueueFault.Oversized, device.LastFault);
    }

    [Theory]
    [InlineData("size", QueueFault.QueueSize)]
    [InlineData("zero", QueueFault.QueueSize)]
    [InlineData("large", QueueFault.QueueSize)]
    [InlineData("descriptors", QueueFault.RingAlignment)]
    [InlineData("available", QueueFault.RingAlignment)]
    [InlineData("used", QueueFault.RingAlignment)]
    [InlineData("outside", QueueFault.RingOutsideMemory)]
    [InlineData("wrap", QueueFault.RingOutsideMemory)]
    [InlineData("overlap", QueueFault.RingOverlap)]
    public void A_queue_laid_out_badly_does_not_start(string how, QueueFault fault)
    {
        using LoopbackDevice device = new();
        using GuestMachine machine = new(device);
        Assert.True(machine.Negotiate(0));
        GuestQueue queue = machine.AddQueue(0, QueueSize);
        machine.Write(0x44, 0);
        switch (how)
        {
            case "size":
                machine.Write(0x38, 12);
                break;
            case "zero":
                machine.Write(0x38, 0);
                break;
            case "large":
                machine.Write(0x38, 512);
                break;
            case "descriptors":
                machine.WriteAddress(0x80, queue.Descriptors + 8);
                break;
            case "available":
                machine.WriteAddress(0x90, queue.Available + 1);
                break;
            case "used":
                machine.WriteAddress(0xA0, queue.Used + 2);
                break;
            case "outside":
                machine.WriteAddress(0xA0, GuestMachine.RamBase + GuestMachine.RamLength - 64);
                break;
            case "wrap":
                machine.WriteAddress(0x80, ulong.MaxValue - 15);
                break;
            case "overlap":
                machine.WriteAddress(0xA0, queue.Available + 4);
                break;
        }

        machine.Write(0x44, 1);
        machine.Go();
        Assert.Equal(fault, device.LastFault);
        Assert.True(machine.NeedsReset);
        queue.Add(new GuestBuffer(Good, 4, false));
        Assert.Equal(0, device.Serve());
        AssertWorksAfterReset(machine, device, queue);
    }

    [Fact]
    public void A_broken_queue_leaves_the_others_running()
    {
        using LoopbackDevice device = new(queues: 2);
        using GuestMachine machine = new(device);
        GuestQueue[] queues = machine.Start(0, 2, QueueSize);
        queues[0].Expose(99);
        device.Serve(index: 0);
        queues[1].Add(new GuestBuffer(Good, 4, false));
        Assert.Equal(1, device.Serve(index: 1));
    }

    private static void Chain(GuestQueue queue, params (ulong Address, uint Length, int Flags, int Next)[] descriptors)
    {
        for (int i = 0; i < descriptors.Length; i++)
            queue.WriteDescriptor(i, descriptors[i].Address, descriptors[i].Length, (ushort)descriptors[i].Flags, (ushort)descriptors[i].Next);
        queue.Expose(0);
    }

    private static void Table(GuestQueue queue, params (ulong Address, uint Length, ushort Flags, ushort Next)[] descriptors)
    {
        const ulong table = Good + 0x2_0000;
        for (int i = 0; i < descriptors.Length; i++)
            queue.WriteDescriptor(table, i, descriptors[i].Address, descriptors[i].Length, descriptors[i].Flags, descriptors[i].Next);
        queue.WriteDescriptor(0, table, (uint)(16 * descriptors.Length), Indirect, 0);
        queue.Expose(0);
    }

    private static void AssertWorksAfterReset(GuestMachine machine, LoopbackDevice device, GuestQueue queue)
    {
        Assert.True(machine.Negotiate(0));
        Assert.Equal(0u, machine.InterruptStatus);
        machine.Configure(queue);
        machine.Go();
        Assert.False(machine.NeedsReset);
        queue.Add(new GuestBuffer(Good, 4, false), new GuestBuffer(Good + 64, 4, true));
        Assert.Equal(1, device.Serve());
        Assert.True(queue.TryTakeUsed(out UsedElement used));
        Assert.Equal(4u, used.Length);
    }
}
