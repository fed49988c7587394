using Fabric.Link;
using Fabric.Link.Stations;
using Fabric.TestKit;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests;

public sealed class MacFloodTests : IDisposable
{
    private const int MaxEntries = 64;
    private readonly SwitchBench _bench = new(new ManualTimeProvider(), hosts: 4, new SwitchOptions { MaxEntries = MaxEntries });

    private SwitchCounters Counters => _bench.Switch.Counters;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void AFloodFillsTheTableAndNoMore()
    {
        Flood(port: 3, count: 10_000);
        Assert.Equal(MaxEntries, _bench.Switch.Snapshot().Count);
        Assert.Equal(MaxEntries, Counters.Learned);
        Assert.Equal(10_000 - MaxEntries, Counters.TableFull);
        Assert.Equal(0, Counters.Evicted);
    }

    [Fact]
    public void TheOthersAreStillLearned()
    {
        Flood(port: 3, count: 1000);
        _bench.Exchange(1, Ethernet(Broadcast, Station(1)));
        byte[] frame = Ethernet(Station(1), Station(2));
        Assert.Equal([[], [frame], [], []], _bench.Exchange(2, frame));
        Flood(port: 3, count: 1000);
        Assert.Equal([[], [frame], [], []], _bench.Exchange(2, frame));
        Assert.Equal(2, Counters.Evicted);
        Assert.Equal(MaxEntries, _bench.Switch.Snapshot().Count);
    }

    [Fact]
    public void EachPortCanHaveItsShare()
    {
        for (int port = 3; port >= 0; port--)
            Flood(port, count: 1000);
        Dictionary<string, int> shares = _bench.Switch.Snapshot().CountBy(entry => entry.PortName).ToDictionary();
        Assert.Equal(4, shares.Count);
        Assert.All(shares.Values, share => Assert.Equal(MaxEntries / 4, share));
        long refused = Counters.TableFull;
        Flood(3, count: 500);
        Assert.InRange(Counters.TableFull - refused, 500 - MaxEntries, 500);
    }

    [Fact]
    public void AFloodAllocatesNothing()
    {
        Flood(port: 3, count: 100);
        MemoryLink cable = new("x", "y");
        _bench.Switch.Attach(cable.First);
        byte[][] frames = [.. Enumerable.Range(0, 32).Select(i => Ethernet(Station(5), Station(70_000 + i)))];
        cable.Second.SendBurst(frames);
        cable.First.Receive(_bench.Switch);
        Assert.Equal(0, SteadyState.LeastAllocated(1000, () => cable.First.Receive(_bench.Switch), () => cable.Second.SendBurst(frames)));
    }

    [Fact]
    public void TheTableAgreesWithADictionary()
    {
        Random random = new(TestSeed.Seed);
        StationTable table = new(MaxEntries, 99);
        Dictionary<ulong, int> model = [];
        for (int round = 0; round < TestSeed.Count(50_000); round++)
        {
            ulong address = (ulong)random.Next(200);
            if (random.Next(50) == 0)
            {
                int port = random.Next(4);
                int expected = model.Count(entry => entry.Value == port);
                Assert.Equal(expected, table.RemoveWhere(new OnPort(port)));
                model = model.Where(entry => entry.Value != port).ToDictionary();
            }
            else if (!model.ContainsKey(address))
            {
                int port = random.Next(4);
                bool room = model.Count < MaxEntries;
                Assert.Equal(room, table.TryAdd(address, port, 0));
                if (room)
                    model.Add(address, port);
            }

            Assert.Equal(model.Count, table.Count);
            for (ulong probe = 0; round % 20 == 0 && probe < 200; probe++)
            {
                ref StationTable.Slot slot = ref table.Find(probe);
                bool found = !System.Runtime.CompilerServices.Unsafe.IsNullRef(ref slot);
                Assert.Equal(model.TryGetValue(probe, out int port), found);
                Assert.True(!found || slot.Place == port);
            }
        }
    }

    private void Flood(int port, int count)
    {
        for (int i = 0; i < count; i++)
            _bench.Exchange(port, Ethernet(Station(9999), Station((port * 100_000) + 10_000 + i)));
    }

    private readonly struct OnPort(int port) : IStationMatch
    {
        public bool Matches(in StationTable.Slot slot) => slot.Place == port;
    }
}
