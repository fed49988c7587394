using System.Net.Sockets;
using Fabric.Link.Streams;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;

namespace Fabric.Link.Tests.Streams;

/// <summary>Peers of a stream port that cut their bytes anywhere, lie about lengths, and go in the middle of a frame.</summary>
/// <remarks>The full run is ten million frames: <c>FABRIC_TEST_COUNT=10000000 dotnet test -c Release tests/Fabric.Link.Tests --filter
/// StreamFuzz</c>. What is checked: every frame that a peer sent whole arrives unchanged and in order, those before a lie included; each
/// runt and each lie is counted once; the next peer is taken; the port wakes its worker whenever it has let it sleep; what the port sends
/// arrives whole; nothing grows.</remarks>
[Collection(RunsAlone.Name)]
public sealed class StreamFuzzTests : IDisposable
{
    private const int MostGrowth = 32 << 20;
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"fabric-{Guid.NewGuid():N}.sock");
    private readonly Random _random = new(TestSeed.Seed);

    private UnixDomainSocketEndPoint End => new(_path);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhateverAPeerSendsWholeFramesArriveInOrder(bool listens)
    {
        using Socket? listener = listens ? null : Listen();
        StreamPort port = listens ? StreamPort.Listen("port", End, TimeProvider.System) : StreamPort.Connect("port", End, TimeProvider.System);
        using StreamFuzzPeer fuzz = new(port, _random);
        using StreamPort ended = port;
        long wanted = TestSeed.Count(30_000) / 2;
        long memory = 0;
        for (int peers = 1; fuzz.Frames < wanted; peers++)
        {
            using (Socket peer = listener is null ? Dial() : listener.Accept())
                fuzz.Talk(peer);
            fuzz.TakeTheRest(peers);
            if (peers == 8)
                memory = LiveMemory.Settled();
        }

        Assert.Equal((fuzz.Frames, fuzz.Bytes), (port.Counters.ReceivedFrames, port.Counters.ReceivedBytes));
        Assert.Equal((fuzz.Runts, fuzz.Lies), (port.Counters.ReceiveDrops(DropReason.Truncated), port.Counters.ReceiveDrops(DropReason.Oversized)));
        Assert.True(fuzz is { Runts: > 0, Lies: > 0, CutOff: > 0, Echoed: > 0 }, "some of it never happened");
        Assert.InRange(LiveMemory.Settled() - memory, long.MinValue, MostGrowth);
    }

    [Fact]
    public void AConnectingPortTriesAgainUntilSomebodyListens()
    {
        ManualTimeProvider time = new();
        using StreamPort port = StreamPort.Connect("port", End, time);
        for (int i = 0; i < 3; i++)
        {
            using Socket listener = Listen();
            Assert.True(SpinWait.SpinUntil(
                () =>
                {
                    time.Advance(StreamPort.RetryPeriod);
                    return port.IsUp;
                },
                TimeSpan.FromSeconds(30)));
            listener.Accept().Dispose();
            listener.Dispose();
            File.Delete(_path);
            Assert.True(SpinWait.SpinUntil(() => port.ReceiveAll().Count == 0 && !port.IsUp, TimeSpan.FromSeconds(30)));
        }
    }

    public void Dispose() => File.Delete(_path);

    private Socket Listen()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(End);
        socket.Listen(4);
        return socket;
    }

    private Socket Dial()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(End);
        return socket;
    }
}
