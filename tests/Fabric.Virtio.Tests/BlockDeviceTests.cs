using System.Buffers.Binary;
using System.Text;
using Fabric.Disk;
using Fabric.TestKit.Disks;
using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>Virtio 1.2, section 5.2. Request types and status values are the standard's numbers.</summary>
public sealed class BlockDeviceTests : IDisposable
{
    private const uint In = 0;
    private const uint Out = 1;
    private const uint Flush = 4;
    private const uint GetId = 8;
    private const uint Discard = 11;
    private const uint WriteZeroes = 13;
    private const byte Ok = 0;
    private const byte IoError = 1;
    private const byte Unsupported = 2;
    private const ulong FeatureFlush = 1UL << 9;
    private const ulong FeatureConfigWce = 1UL << 11;
    private const ulong FeatureMq = 1UL << 12;
    private const ulong FeatureDiscard = 1UL << 13;
    private const ulong FeatureWriteZeroes = 1UL << 14;
    private const ulong Usual = FeatureFlush | FeatureDiscard | FeatureWriteZeroes | GuestMachine.FeatureIndirect | GuestMachine.FeatureEventIndex;
    private const int DiskLength = 1 << 20;

    private readonly List<IDisposable> _owned = [];

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
            owned.Dispose();
    }

    [Fact]
    public void Describes_the_disk()
    {
        (GuestMachine machine, _, _) = Start(new MemoryDisk(DiskLength + 100));
        Assert.Equal((ulong)DiskLength / 512, BinaryPrimitives.ReadUInt64LittleEndian(machine.Config(0, 8)));
        Assert.InRange(machine.Config32(8), 65536u, uint.MaxValue);
        Assert.Equal(254u, machine.Config32(12));
        Assert.Equal(512u, machine.Config32(20));
        Assert.Equal(1, machine.Config(32, 1)[0]);
        Assert.Equal(65536u / 512, machine.Config32(44));
        Assert.Equal(1, machine.Config(56, 1)[0]);
        ulong features = machine.OfferedFeatures;
        // SIZE_MAX, SEG_MAX, BLK_SIZE, FLUSH, TOPOLOGY, CONFIG_WCE, DISCARD, WRITE_ZEROES; neither RO nor MQ.
        const ulong expected = (1 << 1) | (1 << 2) | (1 << 6) | (1 << 9) | (1 << 10) | (1 << 11) | (1 << 13) | (1 << 14);
        Assert.Equal(expected, features & 0xFFFFFF);
    }

    [Fact]
    public void A_4k_disk_says_so()
    {
        (GuestMachine machine, _, _) = Start(new MemoryDisk(DiskLength, logicalBlockSize: 4096));
        Assert.Equal(4096u, machine.Config32(20));
    }

    [Fact]
    public void A_disk_that_frees_nothing_offers_no_discard()
    {
        (GuestMachine machine, GuestQueue queue, _) = Start(new MemoryDisk(DiskLength, discardGranularity: 0), FeatureFlush);
        Assert.Equal(0UL, machine.OfferedFeatures & FeatureDiscard);
        Assert.Equal(0u, machine.Config32(36));
        Assert.Equal(Unsupported, Ranges(machine, queue, Discard, new BlockRangeWords(0, 8, 0)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Writes_and_reads_back_from_scattered_buffers(bool indirect)
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, BlockDevice device) = Start(disk);
        byte[] data = Pattern(4096);
        Assert.Equal(Ok, Request(machine, queue, Out, 3, indirect, machine.Readable(data.AsSpan(0, 512)), machine.Readable(data.AsSpan(512, 3584))));
        Assert.True(data.AsSpan().SequenceEqual(disk.Bytes.Slice(3 * 512, 4096)));

        GuestBuffer first = machine.Writable(1024);
        GuestBuffer second = machine.Writable(3072);
        Assert.Equal(Ok, Request(machine, queue, In, 3, indirect, out UsedElement used, first, second));
        Assert.Equal(4097u, used.Length);
        Assert.Equal(data[..1024], machine.Memory.GetBytes(first.Address, 1024));
        Assert.Equal(data[1024..], machine.Memory.GetBytes(second.Address, 3072));
        Assert.Equal((1, 4096, 1, 4096), (device.Counters.Reads, device.Counters.ReadBytes, device.Counters.Writes, device.Counters.WrittenBytes));
    }

    [Fact]
    public void Takes_the_request_in_any_layout()
    {
        // 2.7.4.3: the driver may cut header, data and status wherever it likes.
        MemoryDisk disk = new(DiskLength);
        Pattern(512).CopyTo(disk.Bytes);
        (GuestMachine machine, GuestQueue queue, _) = Start(disk);
        byte[] header = Header(In, 0);
        GuestBuffer small = machine.Writable(100);
        GuestBuffer rest = machine.Writable(413);
        queue.Add(machine.Readable(header.AsSpan(0, 1)), machine.Readable(header.AsSpan(1, 14)), machine.Readable(header.AsSpan(15)), small, rest);
        queue.Kick();
        Assert.Equal(513u, queue.WaitUsed().Length);
        Assert.Equal(Pattern(512)[..100], machine.Memory.GetBytes(small.Address, 100));
        Assert.Equal(Pattern(512)[100..], machine.Memory.GetBytes(rest.Address, 412));
        Assert.Equal(Ok, machine.Memory.GetBytes(rest.Address + 412, 1)[0]);
    }

    [Fact]
    public void Flushes()
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, _) = Start(disk);
        Assert.Equal(Ok, Request(machine, queue, Flush, 0, false));
        Assert.Equal(1, disk.Flushes);
    }

    [Theory]
    [InlineData("disk-1")]
    [InlineData("exactly-twenty-bytes")]
    [InlineData("more than twenty bytes of serial number")]
    public void Tells_its_serial_number(string serial)
    {
        BlockDevice device = new(new MemoryDisk(DiskLength), serial);
        GuestMachine machine = Own(new GuestMachine(device));
        GuestQueue queue = machine.Start(Usual, 1, 128)[0];
        GuestBuffer answer = machine.Writable(20);
        Assert.Equal(Ok, Request(machine, queue, GetId, 0, false, answer));
        byte[] expected = new byte[20];
        Encoding.ASCII.GetBytes(serial.AsSpan(0, Math.Min(20, serial.Length)), expected);
        Assert.Equal(expected, machine.Memory.GetBytes(answer.Address, 20));
    }

    [Theory]
    [InlineData(0u, false)]
    [InlineData(1u, true)]
    public void Writes_zeroes_with_and_without_unmap(uint flags, bool mayUnmap)
    {
        MemoryDisk disk = new(DiskLength);
        disk.Bytes.Fill(0xEE);
        (GuestMachine machine, GuestQueue queue, _) = Start(disk);
        Assert.Equal(Ok, Ranges(machine, queue, WriteZeroes, new BlockRangeWords(8, 8, flags), new BlockRangeWords(32, 1, flags)));
        Assert.False(disk.Bytes.Slice(8 * 512, 8 * 512).ContainsAnyExcept((byte)0));
        Assert.False(disk.Bytes.Slice(32 * 512, 512).ContainsAnyExcept((byte)0));
        Assert.Equal(0xEE, disk.Bytes[(8 * 512) - 1]);
        Assert.Equal(0xEE, disk.Bytes[16 * 512]);
        Assert.Equal(mayUnmap, (disk.LastFlags & DiskFlags.MayUnmap) != 0);
    }

    [Fact]
    public void Discards_ranges()
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, BlockDevice device) = Start(disk);
        Assert.Equal(Ok, Ranges(machine, queue, Discard, new BlockRangeWords(0, 128, 0), new BlockRangeWords(256, 128, 0)));
        Assert.Equal(2, disk.Discards);
        Assert.Equal(1, device.Counters.Discards);
    }

    public static TheoryData<uint, ulong, uint, uint, byte> BadRanges => new()
    {
        { Discard, DiskLength / 512, 1, 0, IoError },
        { Discard, (DiskLength / 512) - 1, 2, 0, IoError },
        { Discard, ulong.MaxValue, 2, 0, IoError },
        { Discard, ulong.MaxValue / 512, 8, 0, IoError },
        { Discard, 0, uint.MaxValue, 0, IoError },
        { Discard, 0, 8, 1, Unsupported },
        { WriteZeroes, DiskLength / 512, 1, 0, IoError },
        { WriteZeroes, 0, uint.MaxValue, 1, IoError },
        { WriteZeroes, 0, 8, 2, Unsupported },
        { WriteZeroes, 0, 8, 0x8000_0001, Unsupported },
    };

    [Theory]
    [MemberData(nameof(BadRanges))]
    public void Refuses_bad_ranges(uint type, ulong sector, uint count, uint flags, byte expected)
    {
        MemoryDisk disk = new(DiskLength);
        disk.Bytes.Fill(0xEE);
        (GuestMachine machine, GuestQueue queue, BlockDevice device) = Start(disk);
        Assert.Equal(expected, Ranges(machine, queue, type, new BlockRangeWords(sector, count, flags)));
        Assert.False(disk.Bytes.ContainsAnyExcept((byte)0xEE));
        Assert.Equal(0, disk.Discards);
        Assert.Equal(1, device.Counters.Rejected);
    }

    [Theory]
    [InlineData(0, IoError)]
    [InlineData(15, IoError)]
    [InlineData(17, IoError)]
    [InlineData(33 * 16, Unsupported)]
    [InlineData(4096, Unsupported)]
    public void Refuses_range_lists_of_odd_length(int length, byte expected)
    {
        (GuestMachine machine, GuestQueue queue, _) = Start(new MemoryDisk(DiskLength));
        GuestBuffer[] data = length == 0 ? [] : [machine.Readable(new byte[length])];
        Assert.Equal(expected, Request(machine, queue, Discard, 0, false, data));
    }

    public static TheoryData<uint, ulong, int, byte> BadTransfers => new()
    {
        { In, DiskLength / 512, 512, IoError },
        { In, (DiskLength / 512) - 1, 1024, IoError },
        { In, ulong.MaxValue, 512, IoError },
        { In, 1UL << 55, 512, IoError },
        { In, 0, 511, IoError },
        { In, 0, 513, IoError },
        { Out, DiskLength / 512, 512, IoError },
        { Out, ulong.MaxValue - 1, 1024, IoError },
        { Out, 0, 100, IoError },
        { 2, 0, 512, Unsupported },
        { 3, 0, 512, Unsupported },
        { 14, 0, 512, Unsupported },
        { 0x8000_0000, 0, 512, Unsupported },
        { uint.MaxValue, 0, 512, Unsupported },
    };

    [Theory]
    [MemberData(nameof(BadTransfers))]
    public void Refuses_bad_transfers_and_goes_on(uint type, ulong sector, int length, byte expected)
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, BlockDevice device) = Start(disk);
        GuestBuffer data = type == Out ? machine.Readable(Pattern(length)) : machine.Writable(length);
        Assert.Equal(expected, Request(machine, queue, type, sector, false, data));
        Assert.False(disk.Bytes.ContainsAnyExcept((byte)0));
        Assert.Equal(1, device.Counters.Rejected);
        Assert.Equal(Ok, Request(machine, queue, In, 0, false, machine.Writable(512)));
    }

    [Fact]
    public void A_get_id_without_room_fails()
    {
        (GuestMachine machine, GuestQueue queue, _) = Start(new MemoryDisk(DiskLength));
        Assert.Equal(IoError, Request(machine, queue, GetId, 0, false, machine.Writable(19)));
    }

    [Fact]
    public void The_last_sector_can_be_used()
    {
        (GuestMachine machine, GuestQueue queue, _) = Start(new MemoryDisk(DiskLength));
        Assert.Equal(Ok, Request(machine, queue, Out, (DiskLength / 512) - 1, false, machine.Readable(Pattern(512))));
    }

    [Fact]
    public void A_read_only_disk_takes_no_writes()
    {
        (GuestMachine machine, GuestQueue queue, _) = Start(new MemoryDisk(DiskLength, readOnly: true), FeatureFlush);
        Assert.Equal(1UL << 5, machine.OfferedFeatures & ((1UL << 5) | FeatureDiscard | FeatureWriteZeroes | FeatureConfigWce));
        Assert.Equal(IoError, Request(machine, queue, Out, 0, false, machine.Readable(Pattern(512))));
        Assert.Equal(Ok, Request(machine, queue, In, 0, false, machine.Writable(512)));
        Assert.Equal(Ok, Request(machine, queue, Flush, 0, false));
    }

    [Theory]
    [InlineData(DiskStatus.IoError, IoError, 0)]
    [InlineData(DiskStatus.NoSpace, IoError, 1)]
    [InlineData(DiskStatus.Corrupt, IoError, 0)]
    public void Host_failures_reach_the_guest(DiskStatus fault, byte expected, long noSpace)
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, BlockDevice device) = Start(disk);
        disk.Fault = fault;
        Assert.Equal(expected, Request(machine, queue, In, 0, false, out UsedElement used, machine.Writable(512)));
        Assert.Equal(0u, used.Length);
        Assert.Equal((1, noSpace), (device.Counters.HostErrors, device.Counters.NoSpace));
        Assert.Equal(expected, Request(machine, queue, Out, 0, false, machine.Readable(Pattern(512))));
        Assert.Equal(expected, Request(machine, queue, Flush, 0, false));
        disk.Fault = DiskStatus.Ok;
        Assert.Equal(Ok, Request(machine, queue, Out, 0, false, machine.Readable(Pattern(512))));
    }

    [Fact]
    public void What_the_disk_cannot_do_is_unsupported()
    {
        MemoryDisk disk = new(DiskLength) { Fault = DiskStatus.Unsupported };
        (GuestMachine machine, GuestQueue queue, _) = Start(disk);
        Assert.Equal(Unsupported, Ranges(machine, queue, Discard, new BlockRangeWords(0, 8, 0)));
    }

    [Fact]
    public void Without_flush_each_write_is_stable()
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, _) = Start(disk, 0);
        Request(machine, queue, Out, 0, false, machine.Readable(Pattern(512)));
        Assert.Equal(DiskFlags.ForceUnitAccess, disk.LastFlags);
    }

    [Fact]
    public void The_driver_turns_the_write_cache_off_and_a_reset_turns_it_on()
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, _) = Start(disk, Usual | FeatureConfigWce);
        Request(machine, queue, Out, 0, false, machine.Readable(Pattern(512)));
        Assert.Equal(DiskFlags.None, disk.LastFlags);
        machine.Transport.Write(0x120, 1, 0);
        Assert.Equal(0, machine.Config(32, 1)[0]);
        Request(machine, queue, Out, 0, false, machine.Readable(Pattern(512)));
        Assert.Equal(DiskFlags.ForceUnitAccess, disk.LastFlags);
        machine.Transport.Write(0x120, 1, 9);
        machine.Transport.Write(0x100, 4, 0);
        Assert.Equal(0, machine.Config(32, 1)[0]);
        Assert.Equal((ulong)DiskLength / 512, BinaryPrimitives.ReadUInt64LittleEndian(machine.Config(0, 8)));
        machine.Write(0x70, 0);
        Assert.Equal(1, machine.Config(32, 1)[0]);
    }

    [Fact]
    public void The_write_cache_field_needs_its_feature()
    {
        (GuestMachine machine, _, _) = Start(new MemoryDisk(DiskLength), FeatureFlush);
        machine.Transport.Write(0x120, 1, 0);
        Assert.Equal(1, machine.Config(32, 1)[0]);
    }

    [Theory]
    [InlineData("no status byte")]
    [InlineData("no header")]
    [InlineData("short header")]
    public void A_request_that_cannot_be_answered_breaks_the_queue(string what)
    {
        (GuestMachine machine, GuestQueue queue, BlockDevice device) = Start(new MemoryDisk(DiskLength));
        if (what == "no status byte")
            queue.Add(machine.Readable(Header(In, 0)));
        else if (what == "no header")
            queue.Add(machine.Writable(513));
        else
            queue.Add(machine.Readable(new byte[15]), machine.Writable(513));
        queue.Kick();
        Assert.Equal(2u, machine.WaitInterrupt());
        Assert.True(machine.NeedsReset);
        Assert.Equal(QueueFault.Request, device.LastFault);
    }

    [Fact]
    public void A_burst_is_told_of_with_few_interrupts_and_answered_in_full()
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, _) = Start(disk, FeatureFlush);
        using ManualResetEventSlim go = new();
        disk.BeforeRequest = go.Wait;
        GuestBuffer header = machine.Readable(Header(In, 0));
        HashSet<uint> heads = [];
        for (int i = 0; i < 10; i++)
            heads.Add(queue.Add(header, machine.Writable(512), machine.Writable(1)));
        queue.Kick();
        go.Set();
        for (int i = 0; i < 10; i++)
            Assert.True(heads.Remove(queue.WaitUsed().Id));
        machine.WaitInterrupt();
        Assert.Equal(1, machine.Line.Edges);
    }

    [Fact]
    public void A_slow_flush_does_not_stall_a_read()
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, _) = Start(disk);
        using ManualResetEventSlim entered = new();
        using ManualResetEventSlim go = new();
        disk.BeforeRequest = () =>
        {
            if (entered.IsSet)
                return;
            entered.Set();
            go.Wait();
        };
        uint flush = queue.Add(machine.Readable(Header(Flush, 0)), machine.Writable(1));
        queue.Kick();
        Assert.True(entered.Wait(TimeSpan.FromSeconds(10)));
        uint read = queue.Add(machine.Readable(Header(In, 0)), machine.Writable(512), machine.Writable(1));
        queue.Kick();
        UsedElement first = queue.WaitUsed();
        Assert.Equal((read, 513u), (first.Id, first.Length));
        go.Set();
        Assert.Equal(flush, queue.WaitUsed().Id);
    }

    [Fact]
    public void Cold_reads_and_writes_are_answered_too_and_several_at_once()
    {
        MemoryDisk disk = new(DiskLength) { IsCold = true };
        Pattern(8 * 512).CopyTo(disk.Bytes);
        (GuestMachine machine, GuestQueue queue, BlockDevice device) = Start(disk);
        using CountdownEvent together = new(8);
        disk.BeforeRequest = () =>
        {
            // Only when all are in flight does one go on.
            together.Signal();
            together.Wait(TimeSpan.FromSeconds(10));
        };
        GuestBuffer[] buffers = [.. Enumerable.Range(0, 8).Select(_ => machine.Writable(512))];
        for (int i = 0; i < 8; i++)
            queue.Add(machine.Readable(Header(In, (ulong)i)), buffers[i], machine.Writable(1));
        queue.Kick();
        for (int i = 0; i < 8; i++)
            Assert.Equal(513u, queue.WaitUsed().Length);
        Assert.True(together.IsSet);
        for (int i = 0; i < 8; i++)
            Assert.Equal(Pattern(8 * 512)[(i * 512)..((i + 1) * 512)], machine.Memory.GetBytes(buffers[i].Address, 512));
        disk.BeforeRequest = null;
        Assert.Equal(Ok, Request(machine, queue, Out, 100, false, machine.Readable(Pattern(512))));
        Assert.True(Pattern(512).AsSpan().SequenceEqual(disk.Bytes.Slice(100 * 512, 512)));
        Assert.Equal((8, 1), (device.Counters.Reads, device.Counters.Writes));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stopping_waits_for_what_the_workers_hold(bool reset)
    {
        MemoryDisk disk = new(DiskLength) { IsCold = true };
        Pattern(512).CopyTo(disk.Bytes);
        (GuestMachine machine, GuestQueue queue, BlockDevice device) = Start(disk);
        using ManualResetEventSlim entered = new();
        using ManualResetEventSlim go = new();
        disk.BeforeRequest = () =>
        {
            entered.Set();
            go.Wait();
        };
        GuestBuffer buffer = machine.Writable(512);
        queue.Add(machine.Readable(Header(In, 0)), buffer, machine.Writable(1));
        queue.Kick();
        Assert.True(entered.Wait(TimeSpan.FromSeconds(10)));
        Task stop = Task.Run(() =>
        {
            if (reset)
                machine.Write(0x70, 0);
            else
                device.Quiesce();
        });
        Assert.True(SpinWait.SpinUntil(() => !device.Queues[0].IsRunning, TimeSpan.FromSeconds(10)));
        Assert.False(stop.IsCompleted);
        go.Set();
        await stop.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(Pattern(512), machine.Memory.GetBytes(buffer.Address, 512));
        Assert.Equal(1, queue.UsedIndex);
    }

    [Fact]
    public async Task A_reset_waits_for_the_request_in_flight_and_touches_nothing_afterwards()
    {
        MemoryDisk disk = new(DiskLength);
        Pattern(512).CopyTo(disk.Bytes);
        (GuestMachine machine, GuestQueue queue, _) = Start(disk);
        using ManualResetEventSlim entered = new();
        using ManualResetEventSlim go = new();
        disk.BeforeRequest = () =>
        {
            entered.Set();
            go.Wait();
        };
        GuestBuffer header = machine.Readable(Header(In, 0));
        GuestBuffer[] buffers = [.. Enumerable.Range(0, 8).Select(_ => machine.Writable(512))];
        foreach (GuestBuffer buffer in buffers)
            queue.Add(header, buffer, machine.Writable(1));
        queue.Kick();
        Assert.True(entered.Wait(TimeSpan.FromSeconds(10)));
        Task reset = Task.Run(() => machine.Write(0x70, 0));
        // The drain must end after the request in hand: IsRunning is lowered before the reset waits.
        Assert.True(SpinWait.SpinUntil(() => !machine.Device.Queues[0].IsRunning, TimeSpan.FromSeconds(10)));
        Assert.False(reset.IsCompleted);
        go.Set();
        await reset.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(Pattern(512), machine.Memory.GetBytes(buffers[0].Address, 512));
        Assert.False(machine.Memory.GetBytes(buffers[1].Address, 512).AsSpan().ContainsAnyExcept((byte)0));
        Assert.Equal(0u, machine.Status);
    }

    [Fact]
    public void A_guest_that_reboots_finds_its_disk_again()
    {
        MemoryDisk disk = new(DiskLength);
        (GuestMachine machine, GuestQueue queue, _) = Start(disk);
        for (int boot = 0; boot < 20; boot++)
        {
            Assert.Equal(Ok, Request(machine, queue, Out, (ulong)boot, false, machine.Readable(Pattern(512))));
            Assert.True(machine.Negotiate(boot % 2 == 0 ? 0 : Usual));
            machine.Configure(queue);
            machine.Go();
        }
    }

    [Fact]
    public void A_paused_disk_answers_after_resume()
    {
        (GuestMachine machine, GuestQueue queue, BlockDevice device) = Start(new MemoryDisk(DiskLength));
        device.Quiesce();
        GuestBuffer status = machine.Writable(1);
        queue.Add(machine.Readable(Header(In, 0)), machine.Writable(512), status);
        queue.Kick();
        Assert.Equal(0, queue.UsedIndex);
        device.Resume();
        Assert.Equal(513u, queue.WaitUsed().Length);
    }

    [Fact]
    public void Several_queues_serve_one_disk()
    {
        MemoryDisk disk = new(DiskLength);
        BlockDevice device = new(disk, "mq", queues: 3);
        GuestMachine machine = Own(new GuestMachine(device));
        Assert.NotEqual(0UL, machine.OfferedFeatures & FeatureMq);
        Assert.Equal(3, BinaryPrimitives.ReadUInt16LittleEndian(machine.Config(34, 2)));
        GuestQueue[] queues = machine.Start(Usual | FeatureMq, 3, 64);
        for (int i = 0; i < 3; i++)
            Assert.Equal(Ok, Request(machine, queues[i], Out, (ulong)i, true, machine.Readable(Pattern(512))));
        Assert.True(Pattern(512).AsSpan().SequenceEqual(disk.Bytes.Slice(1024, 512)));
    }

    private (GuestMachine Machine, GuestQueue Queue, BlockDevice Device) Start(MemoryDisk disk, ulong features = Usual)
    {
        BlockDevice device = new(disk, "disk-1");
        GuestMachine machine = Own(new GuestMachine(device));
        return (machine, machine.Start(features & machine.OfferedFeatures, 1, 128)[0], device);
    }

    private GuestMachine Own(GuestMachine machine)
    {
        _owned.Add(machine);
        return machine;
    }

    private static byte Ranges(GuestMachine machine, GuestQueue queue, uint type, params ReadOnlySpan<BlockRangeWords> ranges)
    {
        byte[] bytes = new byte[16 * ranges.Length];
        for (int i = 0; i < ranges.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16 * i), ranges[i].Sector);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((16 * i) + 8), ranges[i].Count);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((16 * i) + 12), ranges[i].Flags);
        }

        return Request(machine, queue, type, 0, false, machine.Readable(bytes));
    }

    private static byte Request(GuestMachine machine, GuestQueue queue, uint type, ulong sector, bool indirect, params ReadOnlySpan<GuestBuffer> data) =>
        Request(machine, queue, type, sector, indirect, out _, data);

    private static byte Request(
        GuestMachine machine, GuestQueue queue, uint type, ulong sector, bool indirect, out UsedElement used, params ReadOnlySpan<GuestBuffer> data)
    {
        GuestBuffer status = machine.Writable(1);
        machine.Memory.Put(status.Address, (byte)0xFF);
        GuestBuffer[] all = [machine.Readable(Header(type, sector)), .. data, status];
        ushort head = indirect ? queue.AddIndirect(all) : queue.Add(all);
        queue.Kick();
        used = queue.WaitUsed();
        Assert.Equal(head, used.Id);
        return machine.Memory.Get<byte>(status.Address);
    }

    private static byte[] Header(uint type, ulong sector)
    {
        byte[] header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        return header;
    }

    private static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)((i * 7) + (i >> 8) + 1);
        return bytes;
    }

    private readonly record struct BlockRangeWords(ulong Sector, uint Count, uint Flags);
}
