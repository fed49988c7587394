using Fabric.Link;
using Fabric.Memory;
using Fabric.TestKit;
using Fabric.TestKit.Disks;
using Fabric.TestKit.Link;
using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>A guest that has gone mad: random descriptors, rings and registers, changed while the device works. The device must not
/// throw, hang, or write where no buffer was; afterwards a sane driver finds it as good as new.</summary>
/// <remarks>FABRIC_TEST_SEED and FABRIC_TEST_COUNT choose the seed and the number of rounds.</remarks>
public sealed class FuzzTests
{
    private const ulong Arena = GuestMachine.RamBase + (8 << 20);
    private const ulong ArenaEnd = GuestMachine.RamBase + GuestMachine.RamLength;

    // RAM that no descriptor names: three bytes of an address would have to come out right by chance.
    private const ulong Untouched = 0x5A5A_5A00_0000;
    private const int Rounds = 150;
    private const int UntouchedLength = 64 * 1024;

    [Fact]
    public void Block()
    {
        using MemoryDisk disk = new(1 << 20);
        BlockDevice device = new(disk, "fuzz");
        Run(device, 1, _ => { });
        AssertReached(device.Counters.Reads + device.Counters.Writes, device.Counters.Rejected, (long)device.LastFault);
    }

    [Fact]
    public void Net()
    {
        NetDevice device = new("fuzz.0", TestFrames.Station(1));
        RecordingSink sink = new();
        byte[] frame = TestFrames.Ethernet(TestFrames.Station(1), TestFrames.Station(2), 1514);
        FrameOffload gso = new() { Flags = OffloadFlags.NeedsChecksum, Gso = GsoType.TcpV4, GsoSize = 1448, HeaderLength = 54, ChecksumStart = 34, ChecksumOffset = 16 };
        Run(device, 3, random =>
        {
            device.Receive(sink);
            device.TryArm();
            device.Send(frame, random.Next(2) == 0 ? default : gso);
            foreach (RecordedFrame got in sink.Frames)
                Assert.InRange(got.Bytes.Length, 14, Frame.MaxLength);
            sink.Frames.Clear();
        });
        AssertReached(
            device.Counters.ReceivedFrames,
            device.Counters.ReceiveDrops(DropReason.BadDescriptor),
            device.Counters.TransmittedFrames,
            device.Counters.TransmitDrops(DropReason.NoBuffer),
            (long)device.LastFault);
    }

    [Fact]
    public void Console()
    {
        ConsoleDevice device = new();
        byte[] bytes = new byte[1000];
        Run(device, 6, random =>
        {
            ConsolePort port = device.Ports[random.Next(2)];
            if (random.Next(2) == 0)
                port.FromGuest.Read(bytes);
            else
                port.ToGuest.Write(bytes);
            device.Resize(random.Next(200), 25);
        });
    }

    [Fact]
    public void Entropy() => Run(new EntropyDevice(span => span.Fill(0xA5)), 1, _ => { });

    private static void Run(VirtioDevice device, int queueCount, Action<Random> host)
    {
        using GuestMachine machine = new(device, new MemoryRange(Untouched, UntouchedLength));
        machine.Memory.TryGetSpan(Untouched, UntouchedLength, out Span<byte> untouched);
        untouched.Fill(0xC3);
        Random random = new(TestSeed.Seed);
        GuestQueue[] queues = new GuestQueue[queueCount];
        for (int round = 0; round < TestSeed.Count(Rounds); round++)
        {
            Assert.True(machine.Negotiate(RandomFeatures(machine, random)), $"round {round}");
            for (int i = 0; i < queueCount; i++)
            {
                queues[i] ??= machine.AddQueue(i, 16);
                machine.Configure(queues[i]);
            }

            machine.Go();
            for (int step = 0; step < 60; step++)
            {
                Scribble(machine, queues[random.Next(queueCount)], random);
                host(random);
            }

            Assert.True(Task.Run(() => machine.Write(0x70, 0)).Wait(TimeSpan.FromSeconds(30)), $"round {round}: the reset hangs");
            Assert.False(untouched.ContainsAnyExcept((byte)0xC3), $"round {round}: the device wrote where no buffer was");
        }

        AssertStillWorks(machine, queues);
    }

    // Chance that hits nothing but the first check would prove nothing.
    private static void AssertReached(params long[] counters)
    {
        if (TestSeed.Count(Rounds) >= Rounds)
            Assert.All(counters, count => Assert.NotEqual(0, count));
    }

    // Any mixture of what is offered, so that each round meets other code.
    private static ulong RandomFeatures(GuestMachine machine, Random random) => machine.OfferedFeatures & (ulong)random.NextInt64(long.MaxValue);

    private static void Scribble(GuestMachine machine, GuestQueue queue, Random random)
    {
        switch (random.Next(20))
        {
            case < 7:
                AddPlausibleChain(machine, queue, random, sane: false);
                queue.Kick();
                break;
            case < 14:
                AddPlausibleChain(machine, queue, random, sane: true);
                queue.Kick();
                GiveTime(machine, queue);
                break;
            case 14:
                WriteDescriptor(queue, queue.Descriptors, random.Next(queue.Size), random);
                break;
            case 15:
                queue.Expose((ushort)random.Next(queue.Size + (random.Next(8) == 0 ? 1 : 0)));
                queue.Kick();
                break;
            case 16:
                machine.Memory.Put(queue.Descriptors + (ulong)random.Next(16 * queue.Size), (byte)random.Next(256));
                break;
            case 17:
                machine.Memory.Put(queue.Available + (ulong)random.Next(random.Next(4) == 0 ? 6 + (2 * queue.Size) : 2), (byte)random.Next(256));
                break;
            case 18:
                ScribbleRegister(machine, random);
                break;
            default:
                machine.Transport.Read((ulong)random.Next(0x1000 - 8), 1 << random.Next(4));
                queue.Kick();
                break;
        }
    }

    // A guest far ahead of the device would do nothing but overrun the ring.
    private static void GiveTime(GuestMachine machine, GuestQueue queue)
    {
        for (int i = 0; i < 50 && !machine.NeedsReset && queue.UsedIndex != queue.AvailableIndex; i++)
            Thread.Yield();
    }

    private static void ScribbleRegister(GuestMachine machine, Random random)
    {
        // A status write of 0 is a reset, which the round does at its end; here it would only end the fun early.
        ulong register = random.Next(3) == 0 ? 0x100 + (ulong)random.Next(64) : 4 * (ulong)random.Next(64);
        ulong value = random.Next(2) == 0 ? (ulong)random.Next(8) : (ulong)random.NextInt64();
        if (register == 0x70 && (byte)value == 0)
            return;
        // Addresses stay what they are, or the rings themselves could come to lie anywhere.
        if (register is < 0x80 or > 0xA4)
            machine.Transport.Write(register, 1 << random.Next(4), value);
    }

    private static void AddPlausibleChain(GuestMachine machine, GuestQueue queue, Random random, bool sane)
    {
        int length = sane ? 3 : random.Next(1, 6);
        int head = random.Next(queue.Size);
        bool indirect = random.Next(3) == 0;
        ulong table = indirect ? Arena + (ulong)random.Next(1 << 20) : queue.Descriptors;
        int at = indirect ? 0 : head;
        int readable = sane ? random.Next(1, length + 1) : random.Next(length + 1);
        for (int i = 0; i < length; i++)
        {
            bool last = i == length - 1;
            int next = indirect ? at + 1 : (at + 1) % queue.Size;
            ulong address = Arena + (ulong)random.Next(4 << 20);
            // What a request begins with, now and then: else hardly one would get past its header.
            if (i == 0)
                machine.Memory.Put(address, (ulong)random.Next(14));
            if (i == 0)
                machine.Memory.Put(address + 8, (ulong)random.Next(3000));
            uint size = sane ? (last ? 1u : i == 0 ? 16u : 512u) : i == 0 ? (uint)random.Next(12, 17) : RandomLength(random);
            ushort flags = (ushort)((last ? 0 : GuestQueue.FlagNext) | (i >= readable ? GuestQueue.FlagWrite : 0));
            queue.WriteDescriptor(table, at, address, size, flags, (ushort)next);
            at = next;
        }

        if (indirect)
            queue.WriteDescriptor(head, table, (uint)(16 * length), GuestQueue.FlagIndirect, 0);
        queue.Expose((ushort)head);
    }

    private static void WriteDescriptor(GuestQueue queue, ulong table, int index, Random random)
    {
        ulong address = random.Next(5) switch
        {
            0 => ArenaEnd - (ulong)random.Next(64),
            1 => (ulong)random.NextInt64(),
            _ => Arena + (ulong)random.Next(8 << 20),
        };
        queue.WriteDescriptor(table, index, address, RandomLength(random), (ushort)random.Next(random.Next(4) == 0 ? 65536 : 8), (ushort)random.Next(queue.Size + 1));
    }

    private static uint RandomLength(Random random) => random.Next(6) switch
    {
        0 => 0,
        1 => (uint)random.NextInt64(uint.MaxValue),
        2 => 512,
        3 => (uint)random.Next(70_000),
        _ => (uint)random.Next(1, 64),
    };

    private static void AssertStillWorks(GuestMachine machine, GuestQueue[] queues)
    {
        Assert.True(machine.Negotiate(0));
        foreach (GuestQueue queue in queues)
            machine.Configure(queue);
        machine.Go();
        Assert.False(machine.NeedsReset);
        GuestQueue last = queues[machine.Device.Type == VirtioDeviceType.Net ? 0 : machine.Device.Type == VirtioDeviceType.Console ? 1 : 0];
        byte[] request = new byte[16];
        last.Add(machine.Device.Type switch
        {
            VirtioDeviceType.Block => [machine.Readable(request), machine.Writable(512), machine.Writable(1)],
            VirtioDeviceType.Console => [machine.Readable(request)],
            _ => new[] { machine.Writable(2048) },
        });
        last.Kick();
        if (machine.Device is NetDevice net)
            Assert.Equal(1, net.Send(TestFrames.Ethernet(TestFrames.Station(1), TestFrames.Station(2))));
        if (machine.Device is ConsoleDevice console)
        {
            // The mad guest has filled the terminal's buffer; somebody reads it now.
            console.Terminal.FromGuest.Clear();
            last.Kick();
        }

        last.WaitUsed();
    }
}
