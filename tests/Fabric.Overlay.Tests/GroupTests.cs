using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Overlay.Tests;

public class GroupTests
{
    [Fact]
    public void Floods_go_to_the_multicast_group_once_and_known_stations_by_unicast()
    {
        IpAddress group = IpAddress.FromV4(0xEF01_0101);
        using Mesh mesh = new(4, new SegmentOptions { AcceptsUnknownRemotes = true });
        for (int i = 0; i < 4; i++)
        {
            for (int other = 0; other < 4; other++)
                mesh.Vteps[i].RemoveRemote(mesh.Ports[i], Mesh.Address(other));
            mesh.Vteps[i].AddRemote(mesh.Ports[i], group);
        }

        mesh.Send(0, TestFrames.Ethernet(TestFrames.Broadcast, TestFrames.Station(1)));
        Assert.Equal([0, 1, 1, 1], mesh.TakeCounts());
        Assert.Equal(1, mesh.Ports[0].Events.Replicas);
        mesh.Send(2, TestFrames.Ethernet(TestFrames.Station(1), TestFrames.Station(2)));
        Assert.Equal([1, 0, 0, 0], mesh.TakeCounts());
    }
}
