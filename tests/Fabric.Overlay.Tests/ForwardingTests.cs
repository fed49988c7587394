using Fabric.Link;
using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Overlay.Tests;

public class ForwardingTests
{
    private static readonly byte[] A = TestFrames.Station(1);
    private static readonly byte[] B = TestFrames.Station(2);

    [Fact]
    public void A_broadcast_reaches_every_VTEP_once_and_teaches_where_its_source_is()
    {
        using Mesh mesh = new(4);
        byte[] frame = TestFrames.Ethernet(TestFrames.Broadcast, A);
        mesh.Send(0, frame);
        Assert.Equal(frame, Assert.Single(mesh.Sinks[3].Frames).Bytes);
        Assert.Equal([0, 1, 1, 1], mesh.TakeCounts());
        mesh.Send(2, TestFrames.Ethernet(A, B));
        Assert.Equal([1, 0, 0, 0], mesh.TakeCounts());
        StationEntry entry = Assert.Single(mesh.Vteps[2].Stations(mesh.Ports[2]));
        Assert.Equal((Mesh.Vni, MacAddress.Read(A), Mesh.Address(0), false), (entry.Vni, entry.Address, entry.Remote, entry.IsStatic));
        Assert.Equal(0, mesh.Ports[2].Events.Flooded);
    }

    [Fact]
    public void A_station_that_moves_is_reached_at_its_new_place_at_once()
    {
        using Mesh mesh = new(3);
        mesh.Send(0, TestFrames.Ethernet(TestFrames.Broadcast, A));
        mesh.Send(1, TestFrames.Ethernet(TestFrames.Broadcast, A));
        mesh.TakeCounts();
        mesh.Send(2, TestFrames.Ethernet(A, B));
        Assert.Equal([0, 1, 0], mesh.TakeCounts());
        // It has come from behind VTEP 0 to this one's own side, whose entry is gone.
        Assert.DoesNotContain(mesh.Vteps[1].Stations(mesh.Ports[1]), entry => entry.Address == MacAddress.Read(A));
        Assert.Equal(1, mesh.Ports[1].Events.Moved);
        Assert.Equal(1, mesh.Ports[2].Events.Moved);
    }

    [Fact]
    public void A_silent_station_is_forgotten_and_flooded_to()
    {
        using Mesh mesh = new(3, common: new VtepOptions { AgeingTime = TimeSpan.FromSeconds(10) });
        mesh.Send(0, TestFrames.Ethernet(TestFrames.Broadcast, A));
        mesh.TakeCounts();
        mesh.Clock.Advance(TimeSpan.FromSeconds(9));
        mesh.Send(2, TestFrames.Ethernet(A, B));
        Assert.Equal([1, 0, 0], mesh.TakeCounts());
        mesh.Clock.Advance(TimeSpan.FromSeconds(1));
        mesh.Send(2, TestFrames.Ethernet(A, B));
        Assert.Equal([1, 1, 0], mesh.TakeCounts());
        Assert.Equal((1, 1), (mesh.Ports[2].Events.Aged, mesh.Ports[2].Events.UnknownUnicast));
    }

    [Fact]
    public void A_static_entry_wins_over_what_frames_say_and_impostors_are_dropped()
    {
        using Mesh mesh = new(3);
        mesh.Vteps[2].AddStatic(mesh.Ports[2], MacAddress.Read(A), Mesh.Address(0));
        mesh.Send(1, TestFrames.Ethernet(TestFrames.Broadcast, A));
        Assert.Equal([1, 0, 0], mesh.TakeCounts());
        Assert.Equal(1, mesh.Ports[2].Counters.ReceiveDrops(DropReason.SecurityViolation));
        mesh.Send(2, TestFrames.Ethernet(A, B));
        Assert.Equal([1, 0, 0], mesh.TakeCounts());
        mesh.Send(2, TestFrames.Ethernet(TestFrames.Broadcast, A));
        Assert.Equal([0, 0, 0], mesh.TakeCounts());
        Assert.Equal(1, mesh.Ports[2].Counters.TransmitDrops(DropReason.SecurityViolation));
    }
}
