using System.Net.Sockets;
using Fabric.Link.Streams;
using Fabric.TestKit;
using Fabric.TestKit.Link;

namespace Fabric.Link.Tests.Streams;

/// <summary>Datagrams of every length from the peer and from strangers, with a peer that goes and comes back.</summary>
/// <remarks>The full run is ten million datagrams: <c>FABRIC_TEST_COUNT=10000000 dotnet test -c Release tests/Fabric.Link.Tests --filter
/// DatagramFuzz</c>. What is checked: each of the peer's frames arrives unchanged and in order, every other datagram is counted under its
/// reason; what the port sends arrives, or is counted; the peer may come back.</remarks>
public sealed class DatagramFuzzTests : IFrameSink, IDisposable
{
    private const int ShortestFrame = 14;
    // A unix socket holds ten datagrams (net.unix.max_dgram_qlen) and one more.
    private const int MostWaiting = 10;
    private readonly string _folder = Directory.CreateTempSubdirectory("fabric-dgram").FullName;
    private readonly Random _random = new(TestSeed.Seed);
    private readonly byte[] _noise = new byte[4 * Frame.MaxLength];
    private readonly byte[] _scratch = new byte[2 * Frame.MaxLength];
    private readonly Queue<(int Offset, int Length)> _expected = new();
    private readonly DatagramPort _port;
    private readonly long[] _dropped = new long[Enum.GetValues<DropReason>().Length];
    private Socket? _peer;
    private long _arrived;
    private long _lost;
    private long _delivered;

    public DatagramFuzzTests()
    {
        _random.NextBytes(_noise);
        _port = DatagramPort.Open("port", End("port"), End("peer"));
    }

    void IFrameSink.Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
        {
            (int offset, int length) = _expected.Dequeue();
            Assert.Equal(length, frame.Length);
            frame.CopyTo(0, _scratch);
            Assert.True(_scratch.AsSpan(0, length).SequenceEqual(_noise.AsSpan(offset, length)), $"frame {_arrived} is another");
            _arrived++;
        }
    }

    [Fact]
    public void OnlyThePeersFramesArriveAndInOrder()
    {
        using Socket stranger = Bind("stranger");
        stranger.SendBufferSize = 1 << 20;
        stranger.Connect(End("port"));
        long count = TestSeed.Count(20_000);
        for (long sent = 0; sent < count;)
        {
            if (_random.Next(500) == 0)
                Replace();
            for (int i = _random.Next(1, MostWaiting + 1); i > 0; i--, sent++)
                Say(_peer is null || _random.Next(8) == 0 ? stranger : _peer);
            while (_port.Receive(this) != 0)
            {
            }

            Assert.Empty(_expected);
            Answer();
        }

        foreach (DropReason reason in Enum.GetValues<DropReason>())
            Assert.True(_dropped[(int)reason] == _port.Counters.ReceiveDrops(reason), $"{reason}: {_dropped[(int)reason]} and {_port.Counters.ReceiveDrops(reason)}");
        Assert.Equal(_arrived, _port.Counters.ReceivedFrames);
        Assert.Equal((_delivered, _lost), (_port.Counters.TransmittedFrames, _port.Counters.TransmitDrops(DropReason.LinkDown)));
        Assert.DoesNotContain(0, (long[])[_arrived, _lost, _delivered, .. ((DropReason[])[DropReason.BadPeer, DropReason.Truncated, DropReason.Oversized]).Select(reason => _dropped[(int)reason])]);
    }

    public void Dispose()
    {
        _port.Dispose();
        _peer?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void Replace()
    {
        if (_peer is null)
        {
            _peer = Bind("peer");
            _peer.SendBufferSize = 1 << 20;
            _peer.Connect(End("port"));
            return;
        }

        _peer.Dispose();
        _peer = null;
        File.Delete(Path.Combine(_folder, "peer"));
    }

    private void Say(Socket from)
    {
        int length = _random.Next(100) switch
        {
            0 => _random.Next(Frame.MaxLength + 1),
            1 => Frame.MaxLength + _random.Next(3),
            2 => _random.Next(Frame.MaxLength, 2 * Frame.MaxLength),
            < 10 => _random.Next(ShortestFrame),
            _ => _random.Next(ShortestFrame, 200),
        };
        int offset = _random.Next(_noise.Length - length);
        Assert.Equal(length, from.Send(_noise.AsSpan(offset, length)));
        if (from != _peer)
            _dropped[(int)DropReason.BadPeer]++;
        else if (length < ShortestFrame)
            _dropped[(int)DropReason.Truncated]++;
        else if (length > Frame.MaxLength)
            _dropped[(int)DropReason.Oversized]++;
        else
            _expected.Enqueue((offset, length));
    }

    private void Answer()
    {
        byte[] frame = _noise.AsSpan(_random.Next(1000), _random.Next(ShortestFrame, 300)).ToArray();
        int sent = _port.Send(frame, default, _random.Next(2) == 0 ? [] : [_random.Next(1, ShortestFrame)]);
        Assert.Equal(_peer is null ? 0 : 1, sent);
        _delivered += sent;
        _lost += 1 - sent;
        if (_peer is null)
            return;
        int got = _peer.Receive(_scratch);
        Assert.True(_scratch.AsSpan(0, got).SequenceEqual(frame));
    }

    private Socket Bind(string name)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(End(name));
        return socket;
    }

    private UnixDomainSocketEndPoint End(string name) => new(Path.Combine(_folder, name));
}
