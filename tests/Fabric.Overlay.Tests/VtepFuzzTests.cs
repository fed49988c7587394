using Fabric.Link;
using Fabric.Overlay.Underlays;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Overlay;
using Fabric.TestKit.Time;
using Fabric.TestKit.Wire;
using Fabric.Wire;

namespace Fabric.Overlay.Tests;

/// <summary>A whole VTEP under packets, frames and configuration of any kind. What leaves is judged by a reader of its own.</summary>
/// <remarks>The full run is <c>FABRIC_TEST_COUNT=1000000 dotnet test -c Release tests/Fabric.Overlay.Tests --filter VtepFuzz</c>.</remarks>
public sealed class VtepFuzzTests : IFrameSink, IDatagramSink, IDisposable
{
    private const int Vnis = 4;
    private const int Remotes = 6;
    private const int MaxStations = 64;
    private readonly Random _random = new(TestSeed.Seed);
    private readonly byte[] _bytes = new byte[65_536];
    private readonly ManualTimeProvider _clock = new();
    private readonly MemoryNetwork _network;
    private readonly MemoryUnderlay _underlay;
    private readonly MemoryUnderlay[] _peers = new MemoryUnderlay[Remotes];
    private readonly Vtep _vtep;
    private readonly List<VxlanPort> _ports = [];
    private readonly List<RemoteCable> _cables = [];
    private readonly OuterJudge _judge;
    private long _delivered;
    private long _deliveredSegments;
    private long _left;
    private long _injected;
    private long _clamped;
    private long _told;

    public VtepFuzzTests()
    {
        _random.NextBytes(_bytes);
        _network = new MemoryNetwork(_clock, TestSeed.Seed);
        _underlay = _network.Attach(Mesh.Address(0));
        for (int i = 0; i < Remotes; i++)
            _peers[i] = _network.Attach(Mesh.Address(1 + i));
        _vtep = new Vtep("fuzz", _underlay, _clock, new VtepOptions { AgeingTime = TimeSpan.FromSeconds(5), MaxRemotes = 2 * Remotes });
        _judge = new OuterJudge(_vtep);
        for (int vni = 0; vni < Vnis; vni++)
            AddSegment(vni);
    }

    [Fact]
    public void Nothing_throws_and_all_that_leaves_is_well_formed()
    {
        int count = TestSeed.Count(5000);
        for (int i = 0; i < count; i++)
        {
            switch (_random.Next(20))
            {
                case < 9:
                    Inject();
                    break;
                case < 18:
                    Transmit();
                    break;
                case 18:
                    Configure();
                    break;
                default:
                    _clock.Advance(TimeSpan.FromMilliseconds(_random.Next(700)));
                    break;
            }

            while (_vtep.Receiver.Receive(_vtep.Receiver) != 0)
            {
            }

            foreach (MemoryUnderlay peer in _peers)
            {
                while (peer.Receive(this) != 0)
                {
                }
            }
        }

        Assert.Equal(_injected, _vtep.Receiver.Counters.ReceivedFrames);
        Assert.True(_delivered > count / 20 && _left > count / 20 && _deliveredSegments > 0, $"{_delivered} in, {_left} out, {_deliveredSegments} joined");
        Assert.All(_ports, port => Assert.True(_vtep.Stations(port).Count <= MaxStations));
        Assert.True(_judge.Received > count / 100 && _judge.Sent > count / 100 && _judge.Dropped > count / 200, $"{_judge.Received} seen in, {_judge.Sent} out, {_judge.Dropped} dropped");
        Assert.True(_clamped + _ports.Sum(port => port.Events.MssClamped) > 0 && _told + _ports.Sum(port => port.Events.TooBigTold) > 0);
    }

    public void Dispose()
    {
        foreach (RemoteCable cable in _cables)
            cable.Dispose();
        _vtep.Dispose();
    }

    void IFrameSink.Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        Assert.InRange(frames.Length, 1, IPort.MaxBurst);
        VxlanPort segment = port is RemoteCable cable ? cable.Segment : Assert.IsType<VxlanPort>(port);
        foreach (ref readonly Frame frame in frames)
        {
            byte[] bytes = new byte[frame.Length];
            Assert.Equal(frame.Length, frame.CopyTo(0, bytes));
            Assert.InRange(bytes.Length, 14, Frame.MaxLength);
            Assert.Equal(0, bytes[6] & 1);
            Assert.True(segment.Options.Tags == InnerTags.Carried || !IsTagged(bytes));
            Assert.True(frame.Offload.IsConsistent(frame.Length));
            _delivered++;
            if (!frame.IsContiguous)
                _deliveredSegments++;
        }
    }

    void IDatagramSink.Accept(ReadOnlySpan<ReceivedDatagram> datagrams)
    {
        foreach (ref readonly ReceivedDatagram datagram in datagrams)
        {
            byte[] bytes = new byte[datagram.Length];
            unsafe
            {
                // SAFETY: valid during the call.
                new ReadOnlySpan<byte>(datagram.Data, datagram.Length).CopyTo(bytes);
            }

            // RFC 7348, 5, octet by octet.
            Assert.Equal([8, 0, 0, 0, 0, 0], bytes[..6]);
            Assert.Equal(0, bytes[7]);
            VxlanPort port = Assert.Single(_ports, port => port.Vni == bytes[6]);
            byte[] inner = bytes[8..];
            // The last word of a cable may come when its segment has made place for another one.
            Assert.InRange(inner.Length, 14, Math.Max(port.Mtu, 46) + 14 + (port.Options.Tags == InnerTags.Carried ? 4 : 0));
            Assert.Equal(0, inner[6] & 1);
            Assert.True(port.Options.Tags == InnerTags.Carried || !IsDoublyTagged(inner) || port.Options.Tags == InnerTags.Stripped);
            _left++;
        }
    }

    private static bool IsTagged(byte[] frame) => (frame[12], frame[13]) is (0x81, 0x00) or (0x88, 0xa8);

    private static bool IsDoublyTagged(byte[] frame) => frame.Length >= 18 && IsTagged(frame) && (frame[16], frame[17]) is (0x81, 0x00) or (0x88, 0xa8);

    private byte[] Some(int length) => _bytes[(_bytes.Length - length)..];

    private byte[] AnyFrame(out FrameOffload offload)
    {
        offload = default;
        byte[] frame;
        if (_random.Next(3) == 0)
        {
            frame = new byte[_random.Next(_random.Next(4) == 0 ? 3000 : 100)];
            _random.NextBytes(frame);
        }
        else
        {
            PacketRecipe recipe = new()
            {
                V6 = _random.Next(2) == 0, TcpOptions = 12, NetworkOptions = _random.Next(5) == 0 ? 8 * _random.Next(1, 5) : 0, Payload = Some(_random.Next(_random.Next(8) == 0 ? 60_000 : 2000)), Udp = _random.Next(3) == 0, Vlans = _random.Next(6) == 0 ? [5] : [], TcpFlags = (byte)(_random.Next(4) == 0 ? _random.Next(256) : 0x10),
            };
            frame = recipe.Build();
            if (!recipe.Udp && _random.Next(2) == 0)
                SegmentSize(frame.AsSpan(recipe.TransportStart + 20, 12));
            offload = _random.Next(3) switch { 0 => default, 1 => OffloadTests.Partial(recipe), _ => OffloadTests.Super(recipe) };
        }

        if (frame.Length >= 14)
        {
            TestFrames.Station(_random.Next(100)).CopyTo(frame, 0);
            TestFrames.Station(_random.Next(100)).CopyTo(frame, 6);
            if (_random.Next(8) == 0)
                TestFrames.Broadcast.CopyTo(frame, 0);
        }

        if (_random.Next(10) == 0 && frame.Length >= 30)
            Word(frame);
        if (_random.Next(5) == 0 && frame.Length != 0)
            frame[_random.Next(Math.Min(frame.Length, 80))] = (byte)_random.Next(256);
        return frame;
    }

    /// <summary>Options of TCP with a maximum segment size somewhere, or what looks like one.</summary>
    private void SegmentSize(Span<byte> options)
    {
        int at = _random.Next(options.Length - 1);
        options[at] = 2;
        options[at + 1] = (byte)(_random.Next(4) == 0 ? _random.Next(256) : 4);
        if (at + 2 < options.Length)
            options[at + 2] = (byte)_random.Next(256);
    }

    /// <summary>What the end of a cable says, more or less.</summary>
    private void Word(byte[] frame)
    {
        ReadOnlySpan<byte> word = [0x88, 0xB5, 0xFA, 0xBC, 1, (byte)_random.Next(4), 0, 0, 0, (byte)_random.Next(4), 0, 0, 0, 0, 0, 0, 0, (byte)_random.Next(2)];
        word.CopyTo(frame.AsSpan(12));
    }

    private void Inject()
    {
        byte[] frame = AnyFrame(out _);
        byte[] header = [8, 0, 0, 0, 0, 0, (byte)_random.Next(Vnis + 1), 0];
        if (_random.Next(20) == 0)
            header[_random.Next(8)] = (byte)_random.Next(256);
        byte[] packet = [.. header, .. frame];
        if (_random.Next(10) == 0)
            packet = packet[.._random.Next(packet.Length + 1)];
        IpAddress source = Mesh.Address(_random.Next(Remotes + 3));
        if (packet.Length > 60_000)
            packet = packet[..60_000];
        int segment = 0;
        if (_random.Next(3) == 0)
            packet = Train(packet, header, out segment);
        _injected += segment == 0 || packet.Length == 0 ? 1 : (packet.Length + segment - 1) / segment;
        _underlay.Inject(source, packet, segment);
    }

    /// <summary>Finished segments of one flow, in order, some damaged; or any bytes cut anyhow.</summary>
    private byte[] Train(byte[] packet, byte[] header, out int segment)
    {
        if (_random.Next(3) == 0)
        {
            segment = _random.Next(1, Math.Max(2, packet.Length));
            return packet;
        }

        int size = _random.Next(100, 1300);
        PacketRecipe recipe = new() { V6 = _random.Next(2) == 0, TcpOptions = 12, Payload = Some(size) };
        List<byte> bytes = [];
        int count = _random.Next(2, 40);
        for (uint i = 0; i < count; i++)
        {
            byte[] one = (recipe with { Sequence = recipe.Sequence + (i * (uint)size) }).Build();
            int start = recipe.TransportStart;
            ushort sum = InternetChecksum.Finish(InternetChecksum.Add(0, one.AsSpan(start)));
            if (_random.Next(50) != 0)
                (one[start + 16], one[start + 17]) = ((byte)(sum >> 8), (byte)sum);
            bytes.AddRange(header);
            bytes.AddRange(one);
        }

        segment = 8 + recipe.HeaderLength + size;
        return [.. bytes];
    }

    private void Transmit()
    {
        byte[] frame = AnyFrame(out FrameOffload offload);
        if (_random.Next(10) == 0)
            offload = new FrameOffload { Flags = (OffloadFlags)_random.Next(4), Gso = (GsoType)_random.Next(6), GsoSize = (ushort)_random.Next(3000), ChecksumStart = (ushort)_random.Next(100), ChecksumOffset = (ushort)_random.Next(20) };
        if (frame.Length == 0)
            return;
        int[] splits = [.. Enumerable.Range(0, _random.Next(4) == 0 ? _random.Next(1, 90) : 0).Select(_ => _random.Next(1, frame.Length)).Where(at => at < frame.Length).Distinct().Order()];
        _ports[_random.Next(_ports.Count)].Send(frame, offload, splits);
    }

    private void Configure()
    {
        VxlanPort port = _ports[_random.Next(_ports.Count)];
        IpAddress remote = Mesh.Address(1 + _random.Next(Remotes));
        switch (_random.Next(10))
        {
            case 0:
                _vtep.RemoveRemote(port, remote);
                break;
            case 1:
                _vtep.Forget(port, MacAddress.Read(TestFrames.Station(_random.Next(100))));
                break;
            case 2:
                int vni = port.Vni;
                _ports.Remove(port);
                _clamped += port.Events.MssClamped;
                _told += port.Events.TooBigTold;
                if (_cables.Find(cable => cable.Segment == port) is { } old)
                {
                    _cables.Remove(old);
                    old.Dispose();
                }

                port.Dispose();
                AddSegment(vni);
                break;
            case 3:
                _vtep.AddRemote(port, remote);
                _vtep.AddStatic(port, MacAddress.Read(TestFrames.Station(_random.Next(20))), remote);
                break;
            case 4:
                _judge.Toggle();
                break;
            case 5 when _cables.Count != 0:
                _cables[_random.Next(_cables.Count)].SetUp(_random.Next(4) != 0);
                break;
            default:
                _vtep.AddRemote(port, remote);
                break;
        }
    }

    private void AddSegment(int vni)
    {
        VxlanPort port = _vtep.AddSegment(vni, $"s{vni}", new SegmentOptions
        {
            Tags = (InnerTags)_random.Next(3),
            MaxStations = MaxStations,
            MaxStationsPerRemote = _random.Next(2) * 30,
            AcceptsUnknownRemotes = _random.Next(3) == 0,
            FloodLimit = _random.Next(2) * 500,
            SuppressesNeighbors = _random.Next(2) == 0,
            Learns = _random.Next(4) != 0,
            Coalesces = _random.Next(4) != 0,
        });
        for (int i = 0; i < Remotes; i++)
        {
            if (_random.Next(2) == 0)
                _vtep.AddRemote(port, Mesh.Address(1 + i));
        }

        _ports.Add(port);
        if (_random.Next(4) != 0)
        {
            port.DeliverTo(this);
            return;
        }

        RemoteCable cable = new(port, _clock, 1);
        cable.Receive(this);
        _cables.Add(cable);
    }
}
