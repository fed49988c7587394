using System.Buffers.Binary;
using Fabric.Link;
using Fabric.TestKit.Link;
using Fabric.TestKit.Virtio;

namespace Fabric.Virtio.Tests;

/// <summary>Virtio 1.2, section 5.1: a guest's network card as a port.</summary>
public sealed class NetDeviceTests : IDisposable
{
    private const ulong Csum = 1UL << 0;
    private const ulong GuestCsum = 1UL << 1;
    private const ulong GuestTso4 = 1UL << 7;
    private const ulong GuestTso6 = 1UL << 8;
    private const ulong GuestEcn = 1UL << 9;
    private const ulong HostTso4 = 1UL << 11;
    private const ulong HostTso6 = 1UL << 12;
    private const ulong HostEcn = 1UL << 13;
    private const ulong MrgRxbuf = 1UL << 15;
    private const ulong CtrlVq = 1UL << 17;
    private const ulong CtrlRx = 1UL << 18;
    private const ulong CtrlVlan = 1UL << 19;
    private const ulong CtrlMac = 1UL << 23;
    private const ulong GuestUso = (1UL << 54) | (1UL << 55);
    private const ulong HostUso = 1UL << 56;
    private const int Rx = 0;
    private const int Tx = 1;
    private const int Control = 2;
    private const int HeaderLength = 12;

    private static readonly byte[] Mac = [0x02, 0xFA, 0xB0, 0x00, 0x00, 0x01];
    private readonly NetDevice _device = new("alice.0", Mac, 1500);
    private readonly GuestMachine _machine;

    public NetDeviceTests() => _machine = new GuestMachine(_device);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Describes_the_card()
    {
        Assert.Equal(Mac, _machine.Config(0, 6));
        Assert.Equal(new byte[] { 1, 0 }, _machine.Config(6, 2));
        Assert.Equal(1500, BinaryPrimitives.ReadUInt16LittleEndian(_machine.Config(10, 2)));
        const ulong mac = 1UL << 5, mtu = 1UL << 3, status = 1UL << 16;
        const ulong expected = Csum | GuestCsum | mtu | mac | GuestTso4 | GuestTso6 | GuestEcn | HostTso4 | HostTso6 | HostEcn
            | MrgRxbuf | status | CtrlVq | CtrlRx | CtrlVlan | CtrlMac | GuestUso | HostUso;
        Assert.Equal(expected, _machine.OfferedFeatures & ~(GuestMachine.FeatureIndirect | GuestMachine.FeatureEventIndex
            | GuestMachine.FeatureVersion1 | GuestMachine.FeatureRingReset));
    }

    [Theory]
    [InlineData(0UL, FrameOffloads.None)]
    [InlineData(GuestTso4, FrameOffloads.None)]
    [InlineData(GuestCsum, FrameOffloads.Checksum)]
    [InlineData(GuestCsum | GuestTso4, FrameOffloads.Checksum | FrameOffloads.TcpV4)]
    [InlineData(GuestCsum | GuestTso6 | GuestEcn, FrameOffloads.Checksum | FrameOffloads.TcpV6 | FrameOffloads.Ecn)]
    [InlineData(GuestCsum | (1UL << 54), FrameOffloads.Checksum)]
    [InlineData(GuestCsum | GuestUso, FrameOffloads.Checksum | FrameOffloads.Udp)]
    public void Accepts_what_the_driver_agreed_to(ulong features, FrameOffloads expected)
    {
        Assert.Equal(FrameOffloads.None, _device.Accepts);
        _machine.Start(features, 2, 16);
        Assert.Equal(expected, _device.Accepts);
        _machine.Write(0x70, 0);
        Assert.Equal(FrameOffloads.None, _device.Accepts);
    }

    [Fact]
    public void A_frame_leaves_the_guest_without_its_header()
    {
        GuestQueue tx = _machine.Start(Csum, 2, 16)[Tx];
        byte[] frame = TestFrames.Ethernet(TestFrames.Broadcast, Mac, 60, 7);
        tx.Add(_machine.Readable([.. new byte[HeaderLength], .. frame]));
        RecordedFrame got = Assert.Single(_device.ReceiveAll());
        Assert.Equal(frame, got.Bytes);
        Assert.True(got.Offload.IsNone);
        Assert.True(tx.TryTakeUsed(out UsedElement used));
        Assert.Equal(0u, used.Length);
        Assert.Equal((1, 60), (_device.Counters.ReceivedFrames, _device.Counters.ReceivedBytes));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(26)]
    [InlineData(71)]
    public void Header_and_frame_may_be_cut_anywhere(int cut)
    {
        GuestQueue tx = _machine.Start(Csum | GuestMachine.FeatureIndirect, 2, 16)[Tx];
        byte[] frame = TestFrames.Ethernet(TestFrames.Broadcast, Mac, 60, 7);
        byte[] all = [.. new byte[HeaderLength], .. frame];
        tx.AddIndirect(_machine.Readable(all.AsSpan(0, cut)), _machine.Readable(all.AsSpan(cut)));
        Assert.Equal(frame, Assert.Single(_device.ReceiveAll()).Bytes);
    }

    [Fact]
    public void A_burst_is_one_call_and_one_interrupt()
    {
        GuestQueue tx = _machine.Start(Csum, 2, 128)[Tx];
        for (int i = 0; i < 40; i++)
            tx.Add(_machine.Readable([.. new byte[HeaderLength], .. TestFrames.Ethernet(TestFrames.Broadcast, Mac, 60 + i)]), _machine.Readable([(byte)i]));
        RecordingSink sink = new();
        Assert.Equal(32, _device.Receive(sink));
        Assert.Equal(1, sink.Bursts);
        Assert.Equal(32, tx.UsedIndex);
        Assert.Equal(1, _machine.Line.Edges);
        Assert.Equal(8, _device.Receive(sink));
        Assert.Equal(0, _device.Receive(sink));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => (byte)i), sink.Frames.Select(f => f.Bytes[^1]));
    }

    [Fact]
    public void Buffers_stay_with_the_device_until_the_sink_returns()
    {
        GuestQueue tx = _machine.Start(Csum, 2, 16)[Tx];
        tx.Add(_machine.Readable([.. new byte[HeaderLength], .. TestFrames.Ethernet(TestFrames.Broadcast, Mac)]));
        UsedIndexSink sink = new(tx);
        _device.Receive(sink);
        Assert.Equal(0, sink.Seen);
        Assert.Equal(1, tx.UsedIndex);
    }

    [Fact]
    public void A_partial_checksum_is_carried_through()
    {
        GuestQueue tx = _machine.Start(Csum, 2, 16)[Tx];
        tx.Add(_machine.Readable([.. Header(flags: 1, start: 34, offset: 6), .. TestFrames.Ethernet(TestFrames.Broadcast, Mac)]));
        FrameOffload offload = Assert.Single(_device.ReceiveAll()).Offload;
        Assert.Equal((OffloadFlags.NeedsChecksum, GsoType.None, 34, 6), (offload.Flags, offload.Gso, offload.ChecksumStart, offload.ChecksumOffset));
    }

    [Theory]
    [InlineData(1, HostTso4)]
    [InlineData(4, HostTso6)]
    [InlineData(5, HostUso)]
    [InlineData(0x81, HostTso4 | HostEcn)]
    [InlineData(0x84, HostTso6 | HostEcn)]
    public void A_super_frame_is_carried_through(byte gso, ulong features)
    {
        GuestQueue tx = _machine.Start(Csum | features, 2, 64)[Tx];
        byte[] frame = TestFrames.Ethernet(TestFrames.Broadcast, Mac, 65535 + 14, 3);
        List<GuestBuffer> pieces = [_machine.Readable([.. Header(1, gso, 54, 1448, 34, 16), .. frame.AsSpan(0, 54)])];
        for (int at = 54; at < frame.Length; at += 4096)
            pieces.Add(_machine.Readable(frame.AsSpan(at, Math.Min(4096, frame.Length - at))));
        tx.Add(pieces.ToArray());
        RecordedFrame got = Assert.Single(_device.ReceiveAll());
        Assert.Equal(frame, got.Bytes);
        Assert.Equal(((GsoType)gso, 54, 1448, 34, 16),
            (got.Offload.Gso, got.Offload.HeaderLength, got.Offload.GsoSize, got.Offload.ChecksumStart, got.Offload.ChecksumOffset));
    }

    public static TheoryData<string, DropReason> BadFrames => new()
    {
        { "no frame", DropReason.BadDescriptor },
        { "half a header", DropReason.BadDescriptor },
        { "writable", DropReason.BadDescriptor },
        { "13 bytes", DropReason.Truncated },
        { "above MTU", DropReason.Oversized },
        { "above 64 KiB", DropReason.Oversized },
        { "checksum past the end", DropReason.BadOffload },
        { "checksum offset wraps", DropReason.BadOffload },
        { "unknown GSO", DropReason.BadOffload },
        { "GSO not agreed on", DropReason.BadOffload },
        { "GSO without checksum", DropReason.BadOffload },
        { "GSO of size 0", DropReason.BadOffload },
        { "headers past the end", DropReason.BadOffload },
        { "ECN alone", DropReason.BadOffload },
    };

    [Theory]
    [MemberData(nameof(BadFrames))]
    public void A_bad_frame_is_counted_once_given_back_and_the_next_one_passes(string what, DropReason reason)
    {
        GuestQueue tx = _machine.Start(Csum | HostTso4, 2, 64)[Tx];
        byte[] good = TestFrames.Ethernet(TestFrames.Broadcast, Mac);
        byte[] plain = new byte[HeaderLength];
        tx.Add(what switch
        {
            "no frame" => [_machine.Readable(plain)],
            "half a header" => [_machine.Readable(new byte[11])],
            "writable" => [_machine.Readable([.. plain, .. good]), _machine.Writable(4)],
            "13 bytes" => [_machine.Readable(new byte[HeaderLength + 13])],
            "above MTU" => [_machine.Readable(new byte[HeaderLength + 1500 + 14 + 9])],
            "above 64 KiB" => [_machine.Readable([.. Header(1, 1, 54, 1448, 34, 16), .. new byte[Frame.MaxLength + 1]])],
            "checksum past the end" => [_machine.Readable([.. Header(1, start: 50, offset: 9), .. good])],
            "checksum offset wraps" => [_machine.Readable([.. Header(1, start: 0xFFFF, offset: 0xFFFF), .. good])],
            "unknown GSO" => [_machine.Readable([.. Header(1, 3, 54, 1448, 34, 16), .. good])],
            "GSO not agreed on" => [_machine.Readable([.. Header(1, 4, 54, 1448, 34, 16), .. good])],
            "GSO without checksum" => [_machine.Readable([.. Header(0, 1, 54, 1448, 34, 16), .. good])],
            "GSO of size 0" => [_machine.Readable([.. Header(1, 1, 54, 0, 34, 16), .. good])],
            "headers past the end" => [_machine.Readable([.. Header(1, 1, 61, 1448, 34, 16), .. good])],
            _ => new[] { _machine.Readable([.. Header(1, 0x80, 54, 1448, 34, 16), .. good]) },
        });
        tx.Add(_machine.Readable([.. plain, .. good]));

        Assert.Equal(good, Assert.Single(_device.ReceiveAll()).Bytes);
        Assert.Equal(2, tx.UsedIndex);
        Assert.Equal(1, _device.Counters.ReceiveDrops(reason));
        Assert.Equal(1, Enum.GetValues<DropReason>().Sum(r => _device.Counters.ReceiveDrops(r)));
        Assert.False(_machine.NeedsReset);
    }

    [Fact]
    public void A_checksum_request_needs_the_feature()
    {
        GuestQueue tx = _machine.Start(0, 2, 16)[Tx];
        tx.Add(_machine.Readable([.. Header(1, start: 34, offset: 6), .. TestFrames.Ethernet(TestFrames.Broadcast, Mac)]));
        Assert.Empty(_device.ReceiveAll());
        Assert.Equal(1, _device.Counters.ReceiveDrops(DropReason.BadOffload));
    }

    [Fact]
    public void A_tagged_frame_of_full_length_passes()
    {
        GuestQueue tx = _machine.Start(0, 2, 16)[Tx];
        tx.Add(_machine.Readable(new byte[HeaderLength + 1500 + 14 + 4]));
        Assert.Single(_device.ReceiveAll());
    }

    [Fact]
    public void A_frame_enters_the_guest_behind_a_header()
    {
        GuestQueue rx = _machine.Start(GuestCsum | MrgRxbuf, 2, 16)[Rx];
        GuestBuffer buffer = _machine.Writable(2048);
        rx.Add(buffer);
        byte[] frame = TestFrames.Ethernet(Mac, TestFrames.Station(2), 60, 9);
        Assert.Equal(1, _device.Send(frame));
        Assert.Equal((uint)(HeaderLength + 60), rx.WaitUsed().Length);
        Assert.Equal(Header(buffers: 1), _machine.Memory.GetBytes(buffer.Address, HeaderLength));
        Assert.Equal(frame, _machine.Memory.GetBytes(buffer.Address + HeaderLength, 60));
        Assert.Equal(1u, _machine.WaitInterrupt());
        Assert.Equal((1, 60), (_device.Counters.TransmittedFrames, _device.Counters.TransmittedBytes));
    }

    [Theory]
    [InlineData(1536)]
    [InlineData(4096)]
    [InlineData(65536)]
    [InlineData(13)]
    public void A_super_frame_is_spread_over_mergeable_buffers(int size)
    {
        int length = size == 13 ? 300 : 65535 + 14;
        GuestQueue rx = _machine.Start(GuestCsum | GuestTso4 | MrgRxbuf, 2, 64)[Rx];
        List<GuestBuffer> buffers = [];
        for (int i = 0; i < 64; i++)
        {
            buffers.Add(_machine.Writable(size));
            rx.Add(buffers[^1]);
        }

        byte[] frame = TestFrames.Ethernet(Mac, TestFrames.Station(2), length, 5);
        for (int i = 60; i < length; i++)
            frame[i] = (byte)(i * 31);
        FrameOffload offload = new()
        {
            Flags = OffloadFlags.NeedsChecksum,
            Gso = GsoType.TcpV4,
            HeaderLength = 54,
            GsoSize = 1448,
            ChecksumStart = 34,
            ChecksumOffset = 16,
        };
        Assert.Equal(1, _device.Send(frame, offload, 14, 54, 200));

        int needed = (HeaderLength + length + size - 1) / size;
        List<byte> got = [];
        for (int i = 0; i < needed; i++)
        {
            UsedElement used = rx.WaitUsed();
            got.AddRange(_machine.Memory.GetBytes(buffers[i].Address, (int)used.Length));
        }

        Assert.Equal(Header(1, 1, 54, 1448, 34, 16, (ushort)needed), got[..HeaderLength]);
        Assert.Equal(frame, got[HeaderLength..]);
        Assert.False(rx.TryTakeUsed(out _));
        Assert.Equal(1, _machine.Line.Edges);
    }

    [Fact]
    public void Without_mergeable_buffers_a_frame_needs_one_chain()
    {
        GuestQueue rx = _machine.Start(GuestCsum, 2, 16)[Rx];
        GuestBuffer head = _machine.Writable(HeaderLength);
        GuestBuffer body = _machine.Writable(1518);
        rx.Add(head, body);
        byte[] frame = TestFrames.Ethernet(Mac, TestFrames.Station(2), 1514, 9);
        Assert.Equal(0, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2), 1519)));
        Assert.Equal(1, _device.Counters.TransmitDrops(DropReason.Oversized));
        Assert.Equal(1, _device.Send(frame));
        Assert.Equal((uint)(HeaderLength + 1514), rx.WaitUsed().Length);
        Assert.Equal(Header(buffers: 1), _machine.Memory.GetBytes(head.Address, HeaderLength));
        Assert.Equal(frame, _machine.Memory.GetBytes(body.Address, 1514));
        Assert.Equal(0, _device.Send(frame));
        Assert.Equal(1, _device.Counters.TransmitDrops(DropReason.NoBuffer));
    }

    [Fact]
    public void A_frame_that_finds_too_few_buffers_leaves_them_for_the_next()
    {
        GuestQueue rx = _machine.Start(MrgRxbuf, 2, 16)[Rx];
        GuestBuffer first = _machine.Writable(256);
        rx.Add(first);
        rx.Add(_machine.Writable(256));
        Assert.Equal(0, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2), 1000)));
        Assert.Equal(1, _device.Counters.TransmitDrops(DropReason.NoBuffer));
        Assert.Equal(0, rx.UsedIndex);
        Assert.Equal(0, _machine.Line.Edges);
        Assert.Equal(1, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2), 60, 4)));
        Assert.Equal((uint)(HeaderLength + 60), rx.WaitUsed().Length);
        Assert.Equal(4, _machine.Memory.GetBytes(first.Address + HeaderLength + 59, 1)[0]);
    }

    [Fact]
    public void A_burst_into_the_guest_is_one_interrupt()
    {
        GuestQueue rx = _machine.Start(MrgRxbuf, 2, 16)[Rx];
        for (int i = 0; i < 3; i++)
            rx.Add(_machine.Writable(256));
        byte[] frame = TestFrames.Ethernet(Mac, TestFrames.Station(2));
        Assert.Equal(3, _device.SendBurst(frame, frame, frame, frame));
        Assert.Equal(3, rx.UsedIndex);
        Assert.Equal(1, _machine.Line.Edges);
        Assert.Equal(1, _device.Counters.TransmitDrops(DropReason.NoBuffer));
    }

    [Fact]
    public void An_offload_the_driver_did_not_agree_to_is_dropped()
    {
        GuestQueue rx = _machine.Start(MrgRxbuf | GuestCsum, 2, 16)[Rx];
        rx.Add(_machine.Writable(2048));
        byte[] frame = TestFrames.Ethernet(Mac, TestFrames.Station(2));
        FrameOffload gso = new() { Flags = OffloadFlags.NeedsChecksum, Gso = GsoType.TcpV4, GsoSize = 100 };
        Assert.Equal(0, _device.Send(frame, gso));
        Assert.Equal(1, _device.Counters.TransmitDrops(DropReason.UnsupportedOffload));
        Assert.Equal(1, _device.Send(frame, new FrameOffload { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 34, ChecksumOffset = 6 }));
    }

    [Fact]
    public void A_receive_chain_without_room_breaks_the_queue_but_not_the_sender()
    {
        GuestQueue rx = _machine.Start(MrgRxbuf, 2, 16)[Rx];
        rx.Add(_machine.Readable(new byte[2048]));
        Assert.Equal(0, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2))));
        Assert.True(_machine.NeedsReset);
        Assert.Equal(0, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2))));
        Assert.Equal(1, _device.Counters.TransmitDrops(DropReason.BadDescriptor));
        Assert.Equal(1, _device.Counters.TransmitDrops(DropReason.LinkDown));
    }

    [Fact]
    public void Without_a_driver_the_link_is_down()
    {
        Assert.Equal(0, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2))));
        Assert.Equal(1, _device.Counters.TransmitDrops(DropReason.LinkDown));
        Assert.Empty(_device.ReceiveAll());
        Assert.True(_device.TryArm());
    }

    [Fact]
    public void An_unplugged_cable_is_seen_by_the_guest_and_stops_frames()
    {
        GuestQueue[] queues = _machine.Start(1UL << 16, 2, 16);
        _device.SetLink(false);
        Assert.Equal(2u, _machine.WaitInterrupt());
        Assert.Equal(0, _machine.Config(6, 1)[0]);
        queues[Rx].Add(_machine.Writable(2048));
        Assert.Equal(0, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2))));
        queues[Tx].Add(_machine.Readable([.. new byte[HeaderLength], .. TestFrames.Ethernet(TestFrames.Broadcast, Mac)]));
        Assert.Empty(_device.ReceiveAll());
        Assert.Equal(1, queues[Tx].UsedIndex);
        Assert.Equal(1, _device.Counters.TransmitDrops(DropReason.LinkDown));
        Assert.Equal(1, _device.Counters.ReceiveDrops(DropReason.LinkDown));
        _device.SetLink(true);
        Assert.Equal(1, _machine.Config(6, 1)[0]);
        Assert.Equal(1, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2))));
    }

    [Fact]
    public void Arming_asks_for_one_wake_up_and_notices_frames_that_wait()
    {
        CountingWaker waker = new();
        _device.AttachWaker(waker);
        GuestQueue tx = _machine.Start(GuestMachine.FeatureEventIndex, 2, 16)[Tx];
        Assert.True(_device.TryArm());
        int before = waker.Count;
        GuestBuffer frame = _machine.Readable([.. new byte[HeaderLength], .. TestFrames.Ethernet(TestFrames.Broadcast, Mac)]);
        tx.Add(frame);
        tx.Kick();
        Assert.Equal(before + 1, waker.Count);
        Assert.False(_device.TryArm());
        Assert.Single(_device.ReceiveAll());
        Assert.True(_device.TryArm());
        Assert.Equal(1, tx.AvailableEvent);
    }

    [Fact]
    public void Polling_switches_notifications_off()
    {
        GuestQueue tx = _machine.Start(0, 2, 16)[Tx];
        _device.ReceiveAll();
        Assert.Equal(1, tx.UsedFlags);
        Assert.True(_device.TryArm());
        Assert.Equal(0, tx.UsedFlags);
    }

    [Fact]
    public void A_new_driver_wakes_the_worker()
    {
        CountingWaker waker = new();
        _device.AttachWaker(waker);
        Assert.True(_device.TryArm());
        _machine.Start(0, 2, 16);
        Assert.True(waker.Count > 0);
    }

    [Theory]
    [InlineData("promiscuous", 0)]
    [InlineData("all multicast", 0)]
    [InlineData("MAC table", 0)]
    [InlineData("VLAN", 0)]
    [InlineData("MAC address", 0)]
    [InlineData("MAC table that lies", 1)]
    [InlineData("VLAN 4096", 1)]
    [InlineData("short MAC", 1)]
    [InlineData("extra mode", 1)]
    [InlineData("unknown class", 1)]
    [InlineData("empty", 1)]
    public void Control_commands_are_answered(string what, byte answer)
    {
        GuestQueue control = _machine.Start(CtrlVq | CtrlRx | CtrlVlan | CtrlMac, 3, 16)[Control];
        byte[] mac = [2, 1, 2, 3, 4, 5];
        byte[] command = what switch
        {
            "promiscuous" => [0, 0, 1],
            "all multicast" => [0, 1, 1],
            "MAC table" => [1, 0, 1, 0, 0, 0, .. mac, 2, 0, 0, 0, .. mac, .. mac],
            "VLAN" => [2, 0, 100, 0],
            "MAC address" => [1, 1, .. mac],
            "MAC table that lies" => [1, 0, 0xFF, 0xFF, 0xFF, 0xFF, .. mac, 0, 0, 0, 0],
            "VLAN 4096" => [2, 0, 0, 0x10],
            "short MAC" => [1, 1, 2, 1],
            "extra mode" => [0, 2, 1],
            "unknown class" => [9, 0, 0],
            _ => [0, 0],
        };
        GuestBuffer status = _machine.Writable(1);
        _machine.Memory.Put(status.Address, (byte)0xFF);
        control.Add(_machine.Readable(command), status);
        control.Kick();
        // Linux waits for the answer in a loop: it must be there when the notification returns.
        Assert.True(control.TryTakeUsed(out UsedElement used));
        Assert.Equal(1u, used.Length);
        Assert.Equal(answer, _machine.Memory.Get<byte>(status.Address));
        Assert.Equal(what == "MAC address" ? mac : Mac, _machine.Config(0, 6));
        _machine.Write(0x70, 0);
        Assert.Equal(Mac, _machine.Config(0, 6));
    }

    [Fact]
    public void A_paused_guest_gets_and_gives_nothing()
    {
        GuestQueue[] queues = _machine.Start(0, 2, 16);
        queues[Rx].Add(_machine.Writable(2048));
        queues[Tx].Add(_machine.Readable([.. new byte[HeaderLength], .. TestFrames.Ethernet(TestFrames.Broadcast, Mac)]));
        _device.Quiesce();
        Assert.Equal(0, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2))));
        Assert.Empty(_device.ReceiveAll());
        Assert.True(_device.TryArm());
        _device.Resume();
        Assert.Single(_device.ReceiveAll());
        Assert.Equal(1, _device.Send(TestFrames.Ethernet(Mac, TestFrames.Station(2))));
    }

    [Fact]
    public void Guest_to_guest_bytes_offload_and_order_survive()
    {
        using NetDevice bob = new("bob.0", TestFrames.Station(2));
        using GuestMachine other = new(bob);
        GuestQueue tx = _machine.Start(Csum | HostTso4, 2, 64)[Tx];
        GuestQueue rx = other.Start(GuestCsum | GuestTso4 | MrgRxbuf, 2, 64)[Rx];
        GuestBuffer[] buffers = [.. Enumerable.Range(0, 64).Select(_ => other.Writable(4096))];
        foreach (GuestBuffer buffer in buffers)
            rx.Add(buffer);
        for (byte i = 0; i < 10; i++)
            tx.Add(_machine.Readable([.. Header(1, 1, 54, 1448, 34, 16), .. TestFrames.Ethernet(TestFrames.Station(2), Mac, 5000, i)]));
        Assert.Equal(10, _device.Receive(new Patch(bob)));
        for (int i = 0; i < 10; i++)
        {
            byte[] first = other.Memory.GetBytes(buffers[2 * i].Address, (int)rx.WaitUsed().Length);
            byte[] second = other.Memory.GetBytes(buffers[(2 * i) + 1].Address, (int)rx.WaitUsed().Length);
            Assert.Equal(Header(1, 1, 54, 1448, 34, 16, 2), first[..HeaderLength]);
            Assert.Equal(TestFrames.Ethernet(TestFrames.Station(2), Mac, 5000, (byte)i), first[HeaderLength..].Concat(second));
        }

        Assert.Equal(1, other.Line.Edges);
    }

    [Fact]
    public void The_data_path_allocates_nothing()
    {
        using NetDevice bob = new("bob.0", TestFrames.Station(2));
        using GuestMachine other = new(bob);
        GuestQueue tx = _machine.Start(Csum, 2, 64)[Tx];
        GuestQueue rx = other.Start(GuestCsum | MrgRxbuf, 2, 64)[Rx];
        GuestBuffer from = _machine.Readable([.. new byte[HeaderLength], .. TestFrames.Ethernet(TestFrames.Station(2), Mac)]);
        GuestBuffer to = other.Writable(2048);
        Patch patch = new(bob);
        long allocated = long.MaxValue;
        for (int round = 0; round < 10; round++)
        {
            for (int i = 0; i < 32; i++)
            {
                tx.Add(from);
                rx.Add(to);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            int taken = _device.Receive(patch);
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(32, taken);
            while (tx.TryTakeUsed(out _))
            {
                rx.WaitUsed();
            }
        }

        Assert.Equal(0, allocated);
    }

    private static byte[] Header(
        byte flags = 0, byte gso = 0, ushort headers = 0, ushort segment = 0, ushort start = 0, ushort offset = 0, ushort buffers = 0)
    {
        byte[] header = new byte[HeaderLength];
        header[0] = flags;
        header[1] = gso;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), headers);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), segment);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), start);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), offset);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(10), buffers);
        return header;
    }

    private sealed class Patch(IPort to) : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames) => to.Transmit(frames);
    }

    private sealed class UsedIndexSink(GuestQueue queue) : IFrameSink
    {
        internal int Seen { get; private set; } = -1;

        public void Accept(IPort port, ReadOnlySpan<Frame> frames) => Seen = queue.UsedIndex;
    }

    private sealed class CountingWaker : IWaker
    {
        internal int Count { get; private set; }

        public void Wake() => Count++;
    }
}
