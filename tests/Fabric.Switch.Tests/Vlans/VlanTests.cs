using System.Buffers.Binary;
using Fabric.Link;
using Fabric.Switch.Acl;
using Fabric.Switch.Vlans;
using Fabric.TestKit.Link;
using Fabric.TestKit.Time;
using Fabric.TestKit.Wire;
using Fabric.Wire;
using static Fabric.TestKit.Link.TestFrames;

namespace Fabric.Switch.Tests.Vlans;

/// <summary>Ports 0 and 1 are access ports of VLAN 10, 2 of VLAN 20, 3 a trunk of 10, 20 and 99 with native VLAN 99.</summary>
public sealed class VlanTests : IDisposable
{
    private readonly SwitchBench _bench = new(new ManualTimeProvider(), hosts: 6, accepts: FrameOffloads.Checksum | FrameOffloads.TcpV4);

    public VlanTests()
    {
        Configure(0, PortVlan.Access(10));
        Configure(1, PortVlan.Access(10));
        Configure(2, PortVlan.Access(20));
        Configure(3, PortVlan.Trunk(VlanSet.Parse("10,20,99"), native: 99));
    }

    private EthernetSwitch Switch => _bench.Switch;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void AFrameStaysInItsVlanAndIsTaggedOnTheTrunk()
    {
        byte[] plain = Ethernet(Broadcast, Station(1));
        Assert.Equal([[], [plain], [], [Tag(plain, 10)], [], []], _bench.Exchange(0, plain));
        Assert.Equal([[], [], [], [Tag(plain, 20)], [], []], _bench.Exchange(2, plain));
        Assert.Equal([[plain], [plain], [], [], [], []], _bench.Exchange(3, Tag(plain, 10)));
        Assert.Equal([[], [], [plain], [], [], []], _bench.Exchange(3, Tag(plain, 20, priority: 5)));
    }

    [Fact]
    public void PortsWithoutOptionsAreInVlanOne()
    {
        byte[] plain = Ethernet(Broadcast, Station(1));
        Assert.Equal([[], [], [], [], [], [plain]], _bench.Exchange(4, plain));
        Assert.All(_bench.Exchange(4, Tag(plain, 10)), Assert.Empty);
    }

    [Fact]
    public void TheSameStationIsKnownInEachVlanByItself()
    {
        _bench.Exchange(0, Ethernet(Broadcast, Station(1)));
        _bench.Exchange(2, Ethernet(Broadcast, Station(1)));
        Assert.Equal(0, Switch.Counters.Moved);
        byte[] frame = Ethernet(Station(1), Station(2));
        Assert.Equal([[frame], [], [], [], [], []], _bench.Exchange(3, Tag(frame, 10)));
        Assert.Equal([[], [], [frame], [], [], []], _bench.Exchange(3, Tag(frame, 20)));
        Assert.Equal([10, 10, 20, 20], Switch.Snapshot().Select(entry => entry.Vid).Order());
    }

    [Fact]
    public void AStaticStationBelongsToThePortsVlan()
    {
        Switch.AddStatic(_bench.Taps[1], MacAddress.Read(Station(5)));
        byte[] frame = Ethernet(Station(5), Station(1));
        Assert.Equal([[], [frame], [], [], [], []], _bench.Exchange(0, frame));
        Assert.Equal([[], [], [], [Tag(frame, 20)], [], []], _bench.Exchange(2, frame));
    }

    [Fact]
    public void TheNativeVlanIsUntaggedBothWays()
    {
        Configure(4, PortVlan.Access(99));
        byte[] plain = Ethernet(Broadcast, Station(1));
        Assert.Equal([[], [], [], [plain], [], []], _bench.Exchange(4, plain));
        Assert.Equal([[], [], [], [], [plain], []], _bench.Exchange(3, plain));
        Configure(3, PortVlan.Trunk(VlanSet.All));
        Assert.All(_bench.Exchange(3, plain), Assert.Empty);
        Assert.Equal(1, Switch.Counters.Drops(DropReason.VlanFiltered));
    }

    [Fact]
    public void IngressFilteringDropsForeignVlansAndTeachesNothing()
    {
        byte[] plain = Ethernet(Broadcast, Station(1));
        Assert.All(_bench.Exchange(3, Tag(plain, 30), Tag(plain, 4095)), Assert.Empty);
        Assert.All(_bench.Exchange(0, Tag(plain, 20)), Assert.Empty);
        Assert.Equal(3, Switch.Counters.Drops(DropReason.VlanFiltered));
        Assert.Empty(Switch.Snapshot());
        Assert.Single(_bench.Exchange(0, Tag(plain, 10))[1]);
    }

    [Fact]
    public void APriorityTagMeansThePortsVlanAndItsPriorityTravels()
    {
        byte[] plain = Ethernet(Broadcast, Station(1));
        Assert.Equal([[], [plain], [], [Tag(plain, 10, priority: 6)], [], []], _bench.Exchange(0, Tag(plain, 0, priority: 6)));
    }

    [Fact]
    public void NobodyHopsIntoAnotherVlanWithTwoTags()
    {
        byte[] plain = Ethernet(Broadcast, Station(1));
        Configure(0, PortVlan.Access(99));
        Assert.All(_bench.Exchange(0, Tag(Tag(plain, 20), 99), Tag(Tag(plain, 20), 0), Tag(plain, 20, type: 0x88a8)), Assert.Empty);
        Assert.Equal(3, Switch.Counters.Drops(DropReason.VlanFiltered));
        Configure(4, PortVlan.Trunk(VlanSet.Of(99), native: 99));
        byte[] hop = Tag(Tag(plain, 20), 99);
        Assert.Equal([[Tag(plain, 20)], [], [], [], [hop], []], _bench.Exchange(3, hop));
    }

    [Fact]
    public void ATunnelCarriesTheCustomersTagsInsideItsOwn()
    {
        Configure(4, PortVlan.Tunnel(500));
        Configure(5, PortVlan.Trunk(VlanSet.All) with { TagType = EtherType.ServiceVlan });
        byte[] customer = Tag(Ethernet(Broadcast, Station(1)), 10, priority: 3);
        Assert.Equal([[], [], [], [], [], [Tag(customer, 500, type: 0x88a8)]], _bench.Exchange(4, customer));
        Assert.Equal([[], [], [], [], [customer], []], _bench.Exchange(5, Tag(customer, 500, type: 0x88a8)));
        Assert.Equal(2, Switch.Counters.Flooded);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(172)]
    [InlineData(700)]
    public void LongFramesInPiecesComeOutWhole(int split)
    {
        byte[] frame = Ethernet(Broadcast, Station(1), length: 1514);
        for (int i = 14; i < frame.Length; i++)
            frame[i] = (byte)(i * 7);
        PieceSource source = new(Tag(frame, 10), split);
        Switch.Attach(source, new PortOptions { Vlan = PortVlan.Trunk(VlanSet.All) });
        source.Receive(Switch);
        Assert.Equal([[frame], [frame], [], [Tag(frame, 10)], [], []], _bench.Drain());
        Switch.Detach(source);
    }

    [Fact]
    public void AnOffloadMovesWithTheTag()
    {
        PacketRecipe recipe = new() { Payload = new byte[4000] };
        FrameOffload offload = new()
        {
            Flags = OffloadFlags.NeedsChecksum,
            Gso = GsoType.TcpV4,
            GsoSize = 1448,
            HeaderLength = 54,
            ChecksumStart = 34,
            ChecksumOffset = 16,
        };
        _bench.Hosts[0].Send(recipe.Build(), offload);
        _bench.Taps[0].Receive(Switch);
        RecordedFrame tagged = Assert.Single(_bench.Hosts[3].ReceiveAll());
        Assert.Equal(Tag(recipe.Build(), 10), tagged.Bytes);
        Assert.Equal((38, 58), (tagged.Offload.ChecksumStart, tagged.Offload.HeaderLength));
        Assert.Equal(offload, Assert.Single(_bench.Hosts[1].ReceiveAll()).Offload);
        _bench.Hosts[3].Send(tagged.Bytes, tagged.Offload);
        _bench.Taps[3].Receive(Switch);
        Assert.Equal(offload, Assert.Single(_bench.Hosts[1].ReceiveAll()).Offload);
        _bench.Hosts[3].Send(tagged.Bytes, tagged.Offload with { ChecksumStart = 16 });
        _bench.Taps[3].Receive(Switch);
        Assert.Equal(1, Switch.Counters.Drops(DropReason.BadOffload));
    }

    [Fact]
    public void ATagThatIsCutOffIsDropped()
    {
        byte[] cut = Tag(Ethernet(Broadcast, Station(1)), 10)[..17];
        Assert.All(_bench.Exchange(3, cut, cut[..14]), Assert.Empty);
        Assert.Equal(2, Switch.Counters.Drops(DropReason.Truncated));
    }

    [Fact]
    public void AVlanHasAccessListsOfItsOwn()
    {
        AccessList list = new("no-station-1", [new AclRule { Action = AclAction.Deny, Source = MacAddress.Read(Station(1)) }], AclAction.Permit);
        Switch.ConfigureVlan(10, new VlanOptions { IngressAcl = list });
        byte[] plain = Ethernet(Broadcast, Station(1));
        Assert.All(_bench.Exchange(0, plain), Assert.Empty);
        Assert.Single(_bench.Exchange(2, plain)[3]);
        Switch.ConfigureVlan(10, null);
        Assert.Single(_bench.Exchange(0, plain)[1]);
        Assert.Equal(1, list.Hits(0));
    }

    [Fact]
    public void WithoutVlansTagsPassUntouched()
    {
        for (int port = 0; port < 4; port++)
            Switch.Configure(_bench.Taps[port], PortOptions.Plain);
        byte[] tagged = Tag(Ethernet(Broadcast, Station(1)), 77);
        Assert.Equal([[], [tagged], [tagged], [tagged], [tagged], [tagged]], _bench.Exchange(0, tagged));
    }

    [Fact]
    public void VlanSetsAreReadAndWrongOnesExplained()
    {
        VlanSet set = VlanSet.Parse("1, 10-12,4094");
        Assert.Equal([1, 10, 11, 12, 4094], Enumerable.Range(0, 4096).Where(set.Contains));
        foreach (string wrong in new[] { "0", "4095", "10-9", "x", "", "1-2-3", "-1" })
            Assert.Contains("no VLAN", Assert.Throws<SwitchException>(() => VlanSet.Parse(wrong)).Message, StringComparison.Ordinal);
        Assert.Throws<SwitchException>(() => PortVlan.Trunk(VlanSet.Of(10), native: 11));
    }

    internal static byte[] Tag(byte[] frame, int vid, int priority = 0, int type = 0x8100)
    {
        byte[] tag = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(tag, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(tag.AsSpan(2), (ushort)((priority << 13) | vid));
        return [.. frame[..12], .. tag, .. frame[12..]];
    }

    private void Configure(int port, PortVlan vlan) => Switch.Configure(_bench.Taps[port], new PortOptions { Vlan = vlan });
}
