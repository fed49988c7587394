using Fabric.Link;
using Fabric.Switch.Policing;
using Fabric.TestKit.Time;
using Fabric.Wire;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests;

public sealed class PortOptionsTests : IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly SwitchBench _bench;

    public PortOptionsTests() => _bench = new SwitchBench(_time, hosts: 4);

    private EthernetSwitch Switch => _bench.Switch;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void IsolatedPortsTalkToTheOthersOnly()
    {
        Configure(0, new PortOptions { IsIsolated = true });
        Configure(1, new PortOptions { IsIsolated = true });
        byte[] all = Ethernet(Broadcast, Station(1));
        Assert.Equal([[], [], [all], [all]], _bench.Exchange(0, all));
        byte[] fromUplink = Ethernet(Broadcast, Station(3));
        Assert.Equal([[fromUplink], [fromUplink], [], [fromUplink]], _bench.Exchange(2, fromUplink));
        byte[] known = Ethernet(Station(1), Station(2));
        Assert.All(_bench.Exchange(1, known), Assert.Empty);
        Assert.Equal(1, Switch.Counters.Drops(DropReason.Isolated));
        Assert.Single(_bench.Exchange(2, known)[0]);
    }

    [Fact]
    public void ReservedGroupsPassOnlyBetweenPortsThatAreToBeLikeACable()
    {
        byte[] lldp = Ethernet([0x01, 0x80, 0xc2, 0, 0, 0x0e], Station(1));
        byte[] ordinary = Ethernet(Broadcast, Station(1));
        Configure(0, new PortOptions { ForwardReserved = true });
        Configure(1, new PortOptions { ForwardReserved = true });
        Assert.Equal([[], [lldp, ordinary], [ordinary], [ordinary]], _bench.Exchange(0, lldp, ordinary));
        Assert.All(_bench.Exchange(2, lldp), Assert.Empty);
        Assert.Equal(1, Switch.Counters.Drops(DropReason.ReservedGroup));
    }

    [Fact]
    public void AddressesBeyondThePortsNumberPassUnlearned()
    {
        Configure(0, new PortOptions { MaxAddresses = 2 });
        for (int station = 1; station <= 5; station++)
            Assert.Single(_bench.Exchange(0, Ethernet(Broadcast, Station(station)))[1]);
        Assert.Equal(2, Switch.Status(_bench.Taps[0]).Addresses);
        Assert.Equal(2, Switch.Snapshot().Count);
    }

    [Fact]
    public void SecurityDropsOneAddressTooMany()
    {
        Configure(0, new PortOptions { MaxAddresses = 1, Security = new PortSecurity() });
        Assert.Single(_bench.Exchange(0, Ethernet(Broadcast, Station(1)))[1]);
        Assert.Empty(_bench.Exchange(0, Ethernet(Broadcast, Station(2)))[1]);
        Assert.Single(_bench.Exchange(0, Ethernet(Broadcast, Station(1)))[1]);
        Assert.Equal(1, Switch.Counters.Drops(DropReason.SecurityViolation));
        PortStatus status = Switch.Status(_bench.Taps[0]);
        Assert.Equal(1, status.Violations);
        Assert.Equal(new Dictionary<DropReason, long> { [DropReason.SecurityViolation] = 1 }, status.Drops);
    }

    [Fact]
    public void AViolationCanShutThePortUntilItIsReopened()
    {
        Configure(0, new PortOptions { MaxAddresses = 1, Security = new PortSecurity { OnViolation = ViolationAction.Shut } });
        byte[] good = Ethernet(Broadcast, Station(1));
        Assert.All(_bench.Exchange(0, good, Ethernet(Broadcast, Station(2)), good), Assert.Empty);
        Assert.Equal(2, Switch.Counters.Drops(DropReason.PortShut));
        Assert.True(Switch.Status(_bench.Taps[0]).IsShut);
        Assert.Empty(_bench.Exchange(1, Ethernet(Broadcast, Station(9)))[0]);
        Switch.Reopen(_bench.Taps[0]);
        Assert.Single(_bench.Exchange(0, good)[1]);
    }

    [Fact]
    public void AStickyAddressStaysWhereItWasLearned()
    {
        Configure(0, new PortOptions { Security = new PortSecurity { IsSticky = true } });
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.All(_bench.Exchange(1, Ethernet(Broadcast, Station(1))), Assert.Empty);
        Assert.Equal(1, Switch.Counters.Drops(DropReason.SecurityViolation));
        FdbEntry entry = Assert.Single(Switch.Snapshot());
        Assert.True(entry is { IsFixed: true, PortName: "sw.0" });
        Configure(0, PortOptions.Plain);
        Assert.Single(_bench.Exchange(1, Ethernet(Broadcast, Station(1)))[0]);
    }

    [Fact]
    public void AStaticEntryLeadsBeforeTheStationIsHeard()
    {
        Switch.AddStatic(_bench.Taps[2], MacAddress.Read(Station(7)));
        byte[] frame = Ethernet(Station(7), Station(1));
        Assert.Equal([[], [], [frame], []], _bench.Exchange(0, frame));
        Assert.All(_bench.Exchange(0, Ethernet(Broadcast, Station(7))), Assert.Empty);
        Assert.True(Switch.Forget(MacAddress.Read(Station(7))));
        Assert.False(Switch.Forget(MacAddress.Read(Station(7))));
        Assert.Equal([[], [frame], [frame], [frame]], _bench.Exchange(0, frame));
        Assert.Throws<SwitchException>(() => Switch.AddStatic(_bench.Taps[2], MacAddress.Broadcast));
    }

    [Fact]
    public void APortThatDoesNotLearnIsAlwaysFloodedTo()
    {
        Configure(0, new PortOptions { Learns = false });
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)));
        Assert.Empty(Switch.Snapshot());
    }

    [Fact]
    public void PolicingPassesTheRateAndTheBurst()
    {
        // 8 Mbit/s are 1000 bytes a millisecond: one frame of 1000 bytes each, after a burst of ten.
        Configure(0, new PortOptions { Police = new RateLimit(8_000_000, burst: 10_000) });
        byte[] frame = Ethernet(Broadcast, Station(1), length: 1000);
        Assert.Equal(10, _bench.Exchange(0, [.. Enumerable.Repeat(frame, 32)])[1].Count);
        int passed = 0;
        for (int i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            passed += _bench.Exchange(0, frame, frame)[1].Count;
        }

        Assert.InRange(passed, 99, 101);
        Assert.Equal(232 - 10 - passed, Switch.Counters.Drops(DropReason.Policed));
    }

    [Fact]
    public void AStormIsCappedByKindAndKnownUnicastIsNot()
    {
        _bench.Exchange(1, Ethernet(Broadcast, Station(2)));
        Configure(0, new PortOptions { Storm = new StormLimits { Broadcast = 50, UnknownUnicast = 10 } });
        byte[] Repeat(byte[] destination) => Ethernet(destination, Station(1));
        Assert.Equal(5, _bench.Exchange(0, [.. Enumerable.Repeat(Repeat(Broadcast), 20)])[1].Count);
        Assert.Single(_bench.Exchange(0, [.. Enumerable.Repeat(Repeat(Station(99)), 20)])[1]);
        Assert.Equal(20, _bench.Exchange(0, [.. Enumerable.Repeat(Repeat([0x01, 0, 0x5e, 1, 1, 1]), 20)])[1].Count);
        Assert.Equal(20, _bench.Exchange(0, [.. Enumerable.Repeat(Repeat(Station(2)), 20)])[1].Count);
        Assert.Equal(15 + 19, Switch.Counters.Drops(DropReason.StormControl));
    }

    [Fact]
    public void AddressesBehindALinkThatWentDownAreForgotten()
    {
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)));
        _bench.Cables[0].SetUp(false);
        byte[] frame = Ethernet(Station(1), Station(2));
        Assert.Equal([[], [], [frame], [frame]], _bench.Exchange(1, frame));
    }

    private void Configure(int port, PortOptions options) => Switch.Configure(_bench.Taps[port], options);
}
