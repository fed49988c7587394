using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fabric.Link.Streams;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Link.Tests.Streams;

public sealed class StreamPortTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"fabric-{Guid.NewGuid():N}.sock");
    private readonly Recorder _recorder = new();

    private UnixDomainSocketEndPoint UnixEnd => new(_path);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FramesOfAllLengthsArriveInOrder(bool overTcp)
    {
        Random random = new(TestSeed.Seed);
        using StreamPort left = StreamPort.Listen("left", overTcp ? new IPEndPoint(IPAddress.Loopback, 0) : UnixEnd, TimeProvider.System);
        using StreamPort right = StreamPort.Connect("right", left.Listening!, TimeProvider.System);
        using PortWorker worker = new("test");
        worker.Add(left, _recorder);
        new LinkState(right).WaitFor(up: true);
        new LinkState(left).WaitFor(up: true);

        List<byte[]> sent = [];
        for (int i = 0; i < TestSeed.Count(2000); i++)
        {
            byte[] frame = new byte[random.Next(20) == 0 ? random.Next(14, Frame.MaxLength + 1) : random.Next(14, 1515)];
            random.NextBytes(frame);
            sent.Add(frame);
            // Nothing is lost when the sender waits while too much is queued.
            Assert.True(SpinWait.SpinUntil(() => right.Send(frame, default, random.Next(1, 14)) == 1, TimeSpan.FromSeconds(30)));
        }

        Assert.Equal(sent, _recorder.WaitFor(sent.Count));
        Assert.Equal(sent.Count, left.Counters.ReceivedFrames);
        Assert.Equal(sent.Sum(frame => (long)frame.Length), left.Counters.ReceivedBytes);
    }

    [Fact]
    public void BytesMayDribbleIn()
    {
        using StreamPort port = StreamPort.Listen("port", UnixEnd, TimeProvider.System);
        using PortWorker worker = new("test");
        worker.Add(port, _recorder);
        using Socket peer = Dial();
        byte[] frame = Ethernet(Broadcast, Station(1), 1000, 7);
        foreach (byte octet in Prefixed(frame).Concat(Prefixed(frame)))
            peer.Send([octet]);
        Assert.Equal([frame, frame], _recorder.WaitFor(2));
    }

    [Fact]
    public void AFrameThatNobodyCanSendEndsTheConnectionAndTheNextPeerIsTaken()
    {
        using StreamPort port = StreamPort.Listen("port", UnixEnd, TimeProvider.System);
        using PortWorker worker = new("test");
        worker.Add(port, _recorder);
        using (Socket rude = Dial())
        {
            byte[] frame = Ethernet(Broadcast, Station(1));
            rude.Send([.. Prefixed(frame), 0, 0, 0, 3, 1, 2, 3, 0xff, 0xff, 0xff, 0xff]);
            Assert.Equal(0, rude.Receive(new byte[1]));
            Assert.Equal([frame], _recorder.WaitFor(1));
        }

        using Socket next = Dial();
        byte[] other = Ethernet(Broadcast, Station(2));
        next.Send(Prefixed(other));
        Assert.Equal(other, _recorder.WaitFor(2)[1]);
        Assert.Equal(1, port.Counters.ReceiveDrops(DropReason.Oversized));
        Assert.Equal(1, port.Counters.ReceiveDrops(DropReason.Truncated));
    }

    [Fact]
    public void WhatAPeerSentBeforeItWentIsStillHandedOn()
    {
        using StreamPort port = StreamPort.Listen("port", UnixEnd, TimeProvider.System);
        LinkState state = new(port);
        byte[][] frames = [.. Enumerable.Range(0, 100).Select(i => Ethernet(Broadcast, Station(i)))];
        using (Socket peer = Dial())
        {
            state.WaitFor(up: true);
            peer.Send([.. frames.SelectMany(Prefixed)]);
        }

        state.WaitFor(up: false);
        using PortWorker worker = new("test");
        worker.Add(port, _recorder);
        Assert.Equal(frames, _recorder.WaitFor(frames.Length));
    }

    [Fact]
    public void APeerThatDoesNotReadCostsDropsAndNothingElse()
    {
        using StreamPort port = StreamPort.Listen("port", UnixEnd, TimeProvider.System);
        using Socket peer = Dial();
        new LinkState(port).WaitFor(up: true);
        byte[] frame = Ethernet(Broadcast, Station(1), 1500);
        for (int i = 0; i < 5000; i++)
            port.Send(frame);
        long lost = port.Counters.TransmitDrops(DropReason.NoBuffer);
        Assert.InRange(lost, 1, 4999);
        Assert.Equal(5000 - lost, port.Counters.TransmittedFrames);

        // What was taken arrives whole.
        byte[] all = new byte[(frame.Length + 4) * (5000 - (int)lost)];
        for (int read = 0; read < all.Length;)
            read += peer.Receive(all.AsSpan(read));
        Assert.Equal(Prefixed(frame), all[^(frame.Length + 4)..]);
    }

    [Fact]
    public void WithoutAPeerThePortIsDown()
    {
        using StreamPort port = StreamPort.Listen("port", UnixEnd, TimeProvider.System);
        Assert.False(port.IsUp);
        Assert.Equal(0, port.Send(Ethernet(Broadcast, Station(1))));
        Assert.Equal(1, port.Counters.TransmitDrops(DropReason.LinkDown));
    }

    [Fact]
    public void ASecondListenerIsToldThatTheAddressIsTakenAndADeadOnesFileIsReplaced()
    {
        using (StreamPort.Listen("first", UnixEnd, TimeProvider.System))
            Assert.Contains("another process listens there", Assert.Throws<LinkException>(() => StreamPort.Listen("second", UnixEnd, TimeProvider.System)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_path));
        using (Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Disposing removes the file that was bound, as a process that is killed does not.
            dead.Bind(new UnixDomainSocketEndPoint(_path + "-"));
            File.Move(_path + "-", _path);
        }

        Assert.True(File.Exists(_path));
        using StreamPort port = StreamPort.Listen("again", UnixEnd, TimeProvider.System);
        using Socket peer = Dial();
        new LinkState(port).WaitFor(up: true);
    }

    [Fact]
    public void NothingIsAllocatedPerFrame()
    {
        using StreamPort left = StreamPort.Listen("left", UnixEnd, TimeProvider.System);
        using StreamPort right = StreamPort.Connect("right", UnixEnd, TimeProvider.System);
        new LinkState(left).WaitFor(up: true);
        new LinkState(right).WaitFor(up: true);
        byte[] frame = Ethernet(Broadcast, Station(1), 1500);
        Discard discard = new();
        long allocated = SteadyState.LeastAllocated(1000, () =>
        {
            right.Send(frame);
            while (left.Receive(discard) == 0)
                Thread.SpinWait(10);
        });
        Assert.True(allocated < 1000, $"{allocated} bytes for 1000 frames");
    }

    public void Dispose() => File.Delete(_path);

    private static byte[] Prefixed(byte[] frame)
    {
        byte[] bytes = new byte[4 + frame.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, frame.Length);
        frame.CopyTo(bytes, 4);
        return bytes;
    }

    private Socket Dial()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(UnixEnd);
        return socket;
    }

    private sealed class Discard : IFrameSink
    {
        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
        }
    }
}
