using System.Net;
using Fabric.Cli.Serving;
using Fabric.Switch.Vlans;

namespace Fabric.Cli.Tests;

/// <summary>What stands after the options of <c>fabric serve net</c> that make ports.</summary>
public class PortArgumentTests
{
    [Fact]
    public void EveryPortTakesTheSameSettings()
    {
        PortSettings tap = TapArgument.Parse("a,vlan=10,isolated,police=100Mbit,queues=2").Port;
        Assert.Equal((PortVlan.Access(10), true, 100_000_000L), (tap.Options.Vlan, tap.Options.IsIsolated, tap.Options.Police!.BitsPerSecond));
        PortSettings taken = InterfaceArgument.Parse("eth0,trunk=10+20-29,native=20,shape=1Gbit,edge=on").Port;
        Assert.Equal((PortVlan.Trunk(VlanSet.Parse("10,20-29"), 20), 1_000_000_000L, true), (taken.Options.Vlan, taken.Shape!.BitsPerSecond, taken.IsEdge));
        Assert.Equal(PortVlan.Tunnel(7), BondArgument.Parse("b,members=x,tunnel=7").Port.Options.Vlan);
        Assert.Equal(PortSettings.Plain, StreamArgument.Parse("x").Port);
    }

    [Fact]
    public void SocketsAreNamedAfterTheirPlaces()
    {
        StreamArgument stream = StreamArgument.Parse("run/q.sock,connect=on");
        Assert.Equal(("q.sock", true, Path.GetFullPath("run/q.sock")), (stream.Name, stream.Connects, stream.EndPoint.ToString()));
        DatagramArgument datagram = DatagramArgument.Parse("udp:[::1]:5,peer=udp:[::1]:6,name=d");
        Assert.Equal(("d", new IPEndPoint(IPAddress.IPv6Loopback, 6)), (datagram.Name, datagram.Peer));
        Assert.Equal("tcp:127.0.0.1:9", StreamArgument.Parse("tcp:127.0.0.1:9").Name);
    }

    [Theory]
    [InlineData("x", "a datagram port needs its peer")]
    [InlineData("udp:here,peer=x", "write it like udp:127.0.0.1:5000")]
    [InlineData("x,peer=y,vlan=5,trunk=6", "a port takes only one of vlan, trunk and tunnel")]
    [InlineData("x,peer=y,native=5", "for a port of one VLAN write vlan=5")]
    [InlineData("x,peer=y,trunk=1+x", "\"x\" in \"1,x\" is no VLAN")]
    [InlineData("x,peer=y,trunk=1,native=2", "native")]
    [InlineData("x,peer=y,vlan=4095", "vlan takes a number from 1 to 4094")]
    [InlineData("x,peer=y,police=1", "police takes a rate such as 64kbit")]
    [InlineData("x,pear=y", "did you mean peer")]
    [InlineData("x,peer=y,isolate", "did you mean isolated")]
    [InlineData("x,peer=y,edge=maybe", "edge is on or off")]
    public void WhatIsWrongIsExplained(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<CliException>(() => DatagramArgument.Parse(text)).Message, StringComparison.Ordinal);
}
