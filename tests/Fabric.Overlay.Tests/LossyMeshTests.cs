using System.Buffers.Binary;
using Fabric.Link;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Overlay;
using Fabric.TestKit.Time;
using Fabric.Wire;

namespace Fabric.Overlay.Tests;

/// <summary>A hundred VTEPs and ten thousand stations in virtual time, where one datagram in ten is lost and the others overtake each
/// other.</summary>
public class LossyMeshTests
{
    private const int Vteps = 100;
    private const int Stations = 10_000;
    private const int Vni = 5000;
    private const int Movers = 50;
    private const int FrameLength = 60;
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(5);

    private readonly ManualTimeProvider _clock = new();
    private readonly MemoryNetwork _network;
    private readonly Vtep[] _vteps = new Vtep[Vteps];
    private readonly VxlanPort[] _ports = new VxlanPort[Vteps];
    private readonly Counter[] _sinks = new Counter[Vteps];
    private readonly int[] _home = new int[Stations];
    private readonly Random _random = new(TestSeed.Seed);

    public LossyMeshTests()
    {
        _network = new MemoryNetwork(_clock, TestSeed.Seed) { Delay = Delay };
        for (int i = 0; i < Vteps; i++)
        {
            _vteps[i] = new Vtep($"v{i}", _network.Attach(Mesh.Address(i)), _clock, new VtepOptions { HashSeed = (ulong)i });
            _ports[i] = _vteps[i].AddSegment(Vni, $"v{i}.blue", new SegmentOptions { MaxStations = Stations });
            _ports[i].DeliverTo(_sinks[i] = new Counter());
        }

        for (int i = 0; i < Vteps * Vteps; i++)
        {
            if (i / Vteps != i % Vteps)
                _vteps[i / Vteps].AddRemote(_ports[i / Vteps], Mesh.Address(i % Vteps));
        }
    }

    [Fact]
    public void Every_unicast_reaches_its_one_owner_after_learning_with_no_loop_and_no_duplicate()
    {
        _network.Loss = 0.1;
        for (int station = 0; station < Stations; station++)
        {
            _home[station] = station % Vteps;
            Announce(station);
        }

        // Some were not heard everywhere: they are flooded to, and reach the owner all the same.
        long unknown = Exchange(TestSeed.Count(2000));
        Assert.InRange(unknown, 1, TestSeed.Count(2000) / 2);

        for (int i = 0; i < Movers; i++)
        {
            int station = _random.Next(Stations);
            _home[station] = _random.Next(Vteps);
            // Until it was heard by all who would look for it in the wrong place; as hosts do that get no answer.
            while (Enumerable.Range(0, Vteps).Any(vtep => vtep != _home[station] && !Knows(vtep, station)))
                Announce(station);
            Check(_home[(station + 1) % Stations], station);
        }

        Exchange(TestSeed.Count(2000));
        Assert.All(_ports, port => Assert.Equal(0, port.Counters.ReceiveDrops(DropReason.SecurityViolation)));
    }

    private bool Knows(int vtep, int station)
    {
        lock (_vteps[vtep].Tables)
        {
            return _ports[vtep].Stations.Find(Mac(station).Bits) is >= 0 and int remote && _vteps[vtep].Remotes[remote].Address == Mesh.Address(_home[station]);
        }
    }

    private static MacAddress Mac(int station) => MacAddress.Read(TestFrames.Station(station));

    private long Exchange(int count)
    {
        long unknown = 0;
        for (int i = 0; i < count; i++)
        {
            int to = _random.Next(Stations);
            int from = _home[_random.Next(Stations)];
            if (from == _home[to])
                continue;
            if (!Check(from, to))
                unknown++;
        }

        return unknown;
    }

    /// <summary>Sends one unicast until it is not lost.</summary>
    /// <returns>False when the sender did not know where the station is.</returns>
    private bool Check(int from, int to)
    {
        if (from == _home[to])
            return true;
        bool known = Knows(from, to);
        int source = from + (Vteps * _random.Next(Stations / Vteps));
        if (_home[source] != from)
            source = Array.IndexOf(_home, from);
        while (true)
        {
            long sent = _network.Sent;
            int id = Send(from, TestFrames.Station(to), TestFrames.Station(source));
            Assert.Equal(known ? 1 : Vteps - 1, _network.Sent - sent);
            Settle();

            // Nothing that arrived was sent on.
            Assert.Equal(known ? 1 : Vteps - 1, _network.Sent - sent);
            int owner = _sinks[_home[to]].Of(id);
            int others = _sinks.Sum(sink => sink.Of(id)) - owner;
            Assert.InRange(owner, 0, 1);
            if (known)
                Assert.Equal(0, others);
            else
                Assert.All(_sinks, sink => Assert.InRange(sink.Of(id), 0, 1));
            if (owner == 1)
                return known;
        }
    }

    private void Announce(int station)
    {
        Send(_home[station], TestFrames.Broadcast, TestFrames.Station(station));
        Settle();
    }

    private int Send(int from, byte[] destination, byte[] source)
    {
        byte[] frame = TestFrames.Ethernet(destination, source, FrameLength);
        int id = ++Counter.Last;
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(20), id);
        foreach (Counter sink in _sinks)
            sink.Forget();
        _ports[from].Send(frame);
        return id;
    }

    private void Settle()
    {
        _clock.Advance(Delay);
        foreach (Vtep vtep in _vteps)
        {
            while (vtep.Receiver.Receive(vtep.Receiver) != 0)
            {
            }
        }
    }

    /// <summary>Counts how often the last frame came.</summary>
    private sealed class Counter : IFrameSink
    {
        private int _count;

        internal static int Last { get; set; }

        public void Accept(IPort port, ReadOnlySpan<Frame> frames)
        {
            foreach (ref readonly Frame frame in frames)
            {
                Assert.Equal(FrameLength, frame.Length);
                Assert.Equal(Last, BinaryPrimitives.ReadInt32LittleEndian(frame.Head[20..]));
                _count++;
            }
        }

        internal int Of(int id) => id == Last ? _count : 0;

        internal void Forget() => _count = 0;
    }
}
