using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Overlay.Tests;

/// <summary>ARP and neighbour discovery suppression.</summary>
public class NeighborTests
{
    private static readonly SegmentOptions Suppressing = new() { SuppressesNeighbors = true };
    private static readonly MacAddress A = MacAddress.Read(TestFrames.Station(1));
    private static readonly MacAddress B = MacAddress.Read(TestFrames.Station(2));
    private static readonly IpAddress AddressA = IpAddress.FromV4(0x0A09_0001);
    private static readonly IpAddress AddressB = IpAddress.FromV4(0x0A09_0002);

    [Fact]
    public void A_request_for_a_station_that_was_heard_is_answered_here()
    {
        using Mesh mesh = new(3, Suppressing);
        mesh.Send(1, Arp(ArpOperation.Request, B, AddressB, IpAddress.FromV4(0x0A09_0063)));
        mesh.TakeCounts();
        mesh.Send(0, Arp(ArpOperation.Request, A, AddressA, AddressB));
        byte[] answer = Assert.Single(mesh.Sinks[0].Frames).Bytes;
        Assert.Equal([1, 0, 0], mesh.TakeCounts());
        Assert.True(EthernetView.TryParse(answer, out EthernetView ethernet) && ArpView.TryParse(ethernet.Payload, out ArpView arp));
        Assert.Equal((A, B), (ethernet.Destination, ethernet.Source));
        Assert.True(ArpView.TryParse(ethernet.Payload, out arp));
        Assert.Equal((ArpOperation.Reply, B, AddressB, A, AddressA), (arp.Operation, arp.SenderMac, arp.Sender, arp.TargetMac, arp.Target));
        Assert.Equal(1, mesh.Ports[0].Events.Suppressed);
    }

    [Fact]
    public void Unknown_addresses_probes_announcements_and_old_bindings_are_flooded()
    {
        using Mesh mesh = new(2, Suppressing, new VtepOptions { AgeingTime = TimeSpan.FromSeconds(10) });
        mesh.Send(1, Arp(ArpOperation.Request, B, AddressB, AddressB));
        mesh.TakeCounts();
        mesh.Send(0, Arp(ArpOperation.Request, A, AddressA, IpAddress.FromV4(0x0A09_0063)));
        mesh.Send(0, Arp(ArpOperation.Request, A, IpAddress.AnyV4, AddressB));
        mesh.Send(0, Arp(ArpOperation.Request, A, AddressA, AddressA));
        Assert.Equal([0, 3], mesh.TakeCounts());
        mesh.Clock.Advance(TimeSpan.FromSeconds(10));
        mesh.Send(0, Arp(ArpOperation.Request, A, AddressA, AddressB));
        Assert.Equal([0, 1], mesh.TakeCounts());
        Assert.Equal(0, mesh.Ports[0].Events.Suppressed);
    }

    [Fact]
    public void A_solicitation_is_answered_with_what_the_advertisement_said()
    {
        using Mesh mesh = new(2, Suppressing);
        IpAddress first = IpAddress.LinkLocal(A);
        IpAddress second = IpAddress.LinkLocal(B);
        mesh.Send(1, Neighbor(Icmpv6Type.NeighborAdvertisement, B, second, first, second, 0xA000_0000, TestFrames.Broadcast));
        mesh.TakeCounts();
        byte[] group = [0x33, 0x33, 0xFF, 0, 0, 2];
        mesh.Send(0, Neighbor(Icmpv6Type.NeighborSolicitation, A, first, second, second, 0, group));
        byte[] answer = Assert.Single(mesh.Sinks[0].Frames).Bytes;
        Assert.Equal([1, 0], mesh.TakeCounts());
        Assert.True(Ipv6View.TryParse(answer.AsSpan(14), out Ipv6View packet));
        Assert.Equal((second, first, (byte)255), (packet.Source, packet.Destination, packet.HopLimit));
        Assert.True(HeaderWriter.IsChecksumValid(packet.Payload, packet.Addresses, IpProtocol.IcmpV6));
        Assert.True(NeighborView.TryParse(packet.Payload, out NeighborView view));
        Assert.True(view.IsRouter && view.IsSolicited && view.IsOverride && view.Target == second);
        Assert.True(view.Options.TryFindLinkLayerAddress(NeighborOption.TargetLinkLayerAddress, out MacAddress mac));
        Assert.Equal(B, mac);
        // Duplicate address detection must be heard by all.
        mesh.Send(0, Neighbor(Icmpv6Type.NeighborSolicitation, A, IpAddress.AnyV6, second, second, 0, group));
        Assert.Equal([0, 1], mesh.TakeCounts());
    }

    [Fact]
    public void A_configured_binding_is_answered_for_while_its_station_is_on_the_other_side()
    {
        using Mesh mesh = new(2, Suppressing);
        mesh.Vteps[0].AddBinding(mesh.Ports[0], AddressB, B);
        mesh.Send(0, Arp(ArpOperation.Request, A, AddressA, AddressB));
        Assert.Equal([0, 1], mesh.TakeCounts());
        mesh.Vteps[0].AddStatic(mesh.Ports[0], B, Mesh.Address(1));
        mesh.Send(0, Arp(ArpOperation.Request, A, AddressA, AddressB));
        Assert.Equal([1, 0], mesh.TakeCounts());
    }

    private static byte[] Arp(ArpOperation operation, MacAddress sender, IpAddress senderAddress, IpAddress target)
    {
        byte[] frame = new byte[60];
        int at = HeaderWriter.Ethernet(frame, MacAddress.Broadcast, sender, EtherType.Arp);
        ArpView.Write(frame.AsSpan(at), operation, sender, senderAddress, default, target);
        return frame;
    }

    private static byte[] Neighbor(Icmpv6Type type, MacAddress sender, IpAddress from, IpAddress to, IpAddress target, uint flags, byte[] destination)
    {
        byte[] frame = new byte[14 + 40 + 32];
        HeaderWriter.Ethernet(frame, MacAddress.Read(destination), sender, EtherType.Ipv6);
        HeaderWriter.V6(frame.AsSpan(14), from, to, IpProtocol.IcmpV6, 32, 255);
        NeighborView.Write(frame.AsSpan(54), type, flags, target, sender);
        HeaderWriter.StoreChecksum(frame.AsSpan(54), from, to, IpProtocol.IcmpV6);
        return frame;
    }
}
