using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Overlay.Underlays;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Overlay.Tests;

/// <summary>Sockets of the host, over its loopback interface; no rights are needed.</summary>
public sealed unsafe class UdpUnderlayTests : IDisposable
{
    private const int LoopbackMtu = 65_535;
    private readonly List<UdpUnderlay> _opened = [];

    public static TheoryData<string, string, bool> Ends => new() { { "127.0.0.1", "127.0.0.2", true }, { "127.0.0.1", "127.0.0.2", false }, { "::1", "::1", true }, { "::1", "::1", false } };

    public void Dispose() => _opened.ForEach(underlay => underlay.Dispose());

    [Theory]
    [MemberData(nameof(Ends))]
    public void Every_datagram_of_a_flow_arrives_whole_and_in_order(string from, string to, bool segmentation)
    {
        UdpUnderlay sender = Open(from, segmentation);
        UdpUnderlay receiver = Open(to, segmentation);
        Collector collector = new();
        PortCounters counters = new();
        Random random = new(TestSeed.Seed);
        byte* bytes = (byte*)NativeMemory.Alloc(IUnderlay.MaxBurst * 2048);
        FrameSegment* pieces = (FrameSegment*)NativeMemory.Alloc((nuint)(IUnderlay.MaxBurst * sizeof(FrameSegment)));
        TunnelDatagram[] burst = new TunnelDatagram[IUnderlay.MaxBurst];
        int[] sent = new int[4];
        int total = 0;
        for (int round = 0; round < 50; round++)
        {
            int count = random.Next(1, burst.Length + 1);
            int length = random.Next(16, 1400);
            long all = 0;
            for (int i = 0; i < count; i++)
            {
                // Mostly of one length, as segments are.
                if (random.Next(10) == 0)
                    length = random.Next(16, 1400);
                int flow = random.Next(3) == 0 ? random.Next(sent.Length) : 0;
                byte* at = bytes + (i * 2048);
                new Span<byte>(at, length).Fill((byte)length);
                BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(at, 4), flow);
                BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(at + 4, 4), sent[flow]++);
                BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(at + 8, 4), length);
                int head = random.Next(12, length + 1);
                pieces[i] = new FrameSegment((nint)(at + head), length - head);
                burst[i] = new TunnelDatagram(receiver.Local, receiver.Port, (ushort)(49152 + flow), new Frame(at, head, pieces + i, head == length ? 0 : 1, length, default));
                all += length;
            }

            Assert.Equal(count, sender.Send(burst.AsSpan(0, count), counters, out long left));
            Assert.Equal(all, left);
            total += count;
            while (receiver.Receive(collector) != 0)
            {
            }
        }

        NativeMemory.Free(bytes);
        NativeMemory.Free(pieces);
        Assert.Equal(total, collector.Count);
        Assert.Equal(sender.Local, collector.Source);
        Assert.Equal(segmentation, collector.Trains != 0);
    }

    [Fact]
    public void What_does_not_fit_or_has_no_way_is_counted_by_its_reason()
    {
        UdpUnderlay sender = Open("127.0.0.1", true);
        Assert.Equal(LoopbackMtu, sender.MtuTo(sender.Local));
        PortCounters counters = new();
        byte[] bytes = GC.AllocateArray<byte>(70_000, pinned: true);
        Frame Of(int length) => new((byte*)Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0), length);
        Assert.Equal(0, sender.Send([new TunnelDatagram(sender.Local, sender.Port, 50_000, Of(66_000))], counters, out _));
        Assert.Equal(1, counters.TransmitDrops(DropReason.Oversized));
        // A loopback address cannot reach another network.
        Assert.Equal(0, sender.Send([new TunnelDatagram(IpAddress.FromV4(0xC000_0201), 4789, 50_000, Of(100))], counters, out _));
        Assert.Equal(1, counters.TransmitDrops(DropReason.LinkDown));
    }

    [Fact]
    public void A_way_that_was_not_there_for_a_while_is_found_again()
    {
        UdpUnderlay underlay = Open("127.0.0.1", true);
        IpAddress near = IpAddress.FromV4(0x7F00_0002);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(underlay.MtuTo(near) >= LoopbackMtu);
            // From the loopback's address nothing leaves the host.
            Assert.Equal(0, underlay.MtuTo(IpAddress.FromV4(0xC000_0263)));
        }
    }

    [Fact]
    public void Addresses_that_cannot_be_had_are_explained()
    {
        UdpUnderlay first = Open("127.0.0.1", true);
        UdpUnderlayOptions options = new(first.Local) { Port = first.Port };
        Assert.Contains("choose another", Assert.Throws<OverlayException>(() => UdpUnderlay.Open(options)).Message, StringComparison.Ordinal);
        Assert.Contains("ip address", Assert.Throws<OverlayException>(() => UdpUnderlay.Open(new UdpUnderlayOptions(IpAddress.FromV4(0xC000_0201)))).Message, StringComparison.Ordinal);
        Assert.Throws<OverlayException>(() => UdpUnderlay.Open(new UdpUnderlayOptions(IpAddress.AnyV4)));
        Assert.Throws<OverlayException>(() => UdpUnderlay.Open(new UdpUnderlayOptions(IpAddress.LinkLocal(MacAddress.Broadcast))));
        Assert.Throws<OverlayException>(() => UdpUnderlay.Open(options with { Namespace = "no-such-namespace" }));
    }

    [Fact]
    public void A_worker_brings_frames_while_two_switches_send_and_segments_come_and_go()
    {
        const int Rounds = 2000;
        UdpUnderlay left = Open("127.0.0.1", true);
        UdpUnderlay right = Open("127.0.0.2", true);
        using Vtep sender = new("left", left, TimeProvider.System);
        using Vtep receiver = new("right", right, TimeProvider.System);
        Tally[] tallies = [new(), new()];
        VxlanPort[] ports = new VxlanPort[2];
        for (int i = 0; i < 2; i++)
        {
            ports[i] = sender.AddSegment(i, $"left.{i}");
            sender.AddRemote(ports[i], right.Local, right.Port);
            VxlanPort end = receiver.AddSegment(i, $"right.{i}", new SegmentOptions { SuppressesNeighbors = true });
            receiver.AddRemote(end, left.Local, left.Port);
            end.DeliverTo(tallies[i]);
        }

        using PortWorker worker = new("tunnel");
        worker.Add(receiver.Receiver, receiver.Receiver);
        Thread[] senders = [.. Enumerable.Range(0, 2).Select(i => new Thread(() =>
        {
            byte[] frame = TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(i));
            for (int round = 0; round < Rounds; round++)
                ports[i].Send(frame);
        }))];
        foreach (Thread thread in senders)
            thread.Start();
        for (int i = 0; i < 200; i++)
        {
            using VxlanPort passing = receiver.AddSegment(100 + i, "passing", new SegmentOptions { MaxStations = 10, SuppressesNeighbors = true });
            receiver.AddRemote(passing, left.Local);
        }

        foreach (Thread thread in senders)
            thread.Join();
        long sent = ports.Sum(port => port.Counters.TransmittedFrames);
        Assert.Equal(2 * Rounds, sent + ports.Sum(port => port.Counters.TransmitDrops(DropReason.NoBuffer)));
        // What the socket had no room for is lost, as on any network; here there is room.
        Assert.True(SpinWait.SpinUntil(() => tallies.Sum(tally => tally.Count) == sent, TimeSpan.FromSeconds(20)), $"{tallies.Sum(tally => tally.Count)} of {sent}");
        worker.Remove(receiver.Receiver);
    }

    private UdpUnderlay Open(string address, bool segmentation)
    {
        Assert.True(IpAddress.TryParse(address, out IpAddress local));
        UdpUnderlay underlay = UdpUnderlay.Open(new UdpUnderlayOptions(local) { Port = 0, Segmentation = segmentation, SourcePorts = 4 });
        _opened.Add(underlay);
        return underlay;
    }

    private sealed class Tally : IFrameSink
    {
        private int _count;

        internal int Count => Volatile.Read(ref _count);

        public void Accept(IPort port, ReadOnlySpan<Frame> frames) => Volatile.Write(ref _count, _count + frames.Length);
    }

    private sealed class Collector : IDatagramSink
    {
        private readonly int[] _next = new int[4];

        internal int Count { get; private set; }

        internal int Trains { get; private set; }

        internal IpAddress Source { get; private set; }

        public void Accept(ReadOnlySpan<ReceivedDatagram> datagrams)
        {
            foreach (ref readonly ReceivedDatagram datagram in datagrams)
            {
                Source = datagram.Source;
                if (datagram.Segment < datagram.Length)
                    Trains++;
                for (int at = 0; at < datagram.Length; at += datagram.Segment)
                {
                    ReadOnlySpan<byte> bytes = new(datagram.Data + at, Math.Min(datagram.Segment, datagram.Length - at));
                    int flow = BinaryPrimitives.ReadInt32LittleEndian(bytes);
                    Assert.Equal(_next[flow]++, BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]));
                    Assert.Equal(bytes.Length, BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]));
                    Assert.True(bytes[12..].IndexOfAnyExcept((byte)bytes.Length) < 0);
                    Count++;
                }
            }
        }
    }
}
