using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using Fabric.Overlay;
using Fabric.Overlay.Underlays;
using Fabric.Routing;
using Fabric.Routing.Sockets;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Says in the overlay room's own words what the model says of overlays.</summary>
internal static class OverlayPlan
{
    /// <summary>Opens the sockets of an end point.</summary>
    /// <param name="end">The end point.</param>
    /// <param name="routers">Routers by name, for an end point that is one of theirs.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="OverlayException">The host refuses.</exception>
    /// <exception cref="RoutingException">The router refuses.</exception>
    internal static Vtep Open(TunnelEndModel end, IReadOnlyDictionary<string, RunningRouter> routers, TimeProvider time)
    {
        IUnderlay underlay = end.Router is { } router ? new RouterUnderlay(routers[router].Router.OpenSocket(SocketOf(end)), router, new OuterFields((byte)end.TimeToLive, (byte)end.Dscp, end.Checksums)) : UdpUnderlay.Open(UnderlayOf(end));
        try
        {
            return new Vtep($"{new IPEndPoint(end.Local, end.Port)}", underlay, time, new VtepOptions
            {
                AgeingTime = end.Ageing,
                HashSeed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))),
            });
        }
        catch
        {
            underlay.Dispose();
            throw;
        }
    }

    /// <summary>Begins the segment of an overlay, with its end points and its static stations.</summary>
    /// <exception cref="OverlayException">The end point cannot have it.</exception>
    internal static VxlanPort Begin(OverlayModel overlay, Vtep vtep)
    {
        VxlanPort port = vtep.AddSegment(overlay.Vni, overlay.Name, OptionsOf(overlay));
        foreach (IPAddress remote in overlay.Remotes)
            vtep.AddRemote(port, IpAddress.From(remote));
        foreach ((PhysicalAddress station, IPAddress remote) in overlay.Stations)
            vtep.AddStatic(port, PortPlan.AddressOf(station), IpAddress.From(remote));
        return port;
    }

    private static UdpUnderlayOptions UnderlayOf(TunnelEndModel end) => new(IpAddress.From(end.Local))
    {
        Port = (ushort)end.Port,
        Namespace = end.Namespace,
        TimeToLive = (byte)end.TimeToLive,
        DifferentiatedServices = (byte)end.Dscp,
        Checksums = end.Checksums,
        AcceptsZeroChecksumsV6 = !end.Checksums,
        MulticastInterface = end.Interface,
    };

    private static DatagramSocketOptions SocketOf(TunnelEndModel end) => new(IpAddress.From(end.Local), (ushort)end.Port)
    {
        TimeToLive = (byte)end.TimeToLive,
        DifferentiatedServices = (byte)end.Dscp,
        Checksums = end.Checksums,
        AcceptsZeroChecksumsV6 = !end.Checksums,
    };

    private static SegmentOptions OptionsOf(OverlayModel overlay)
    {
        SegmentOptions options = new()
        {
            Tags = overlay.Port.Trunk is null && overlay.Port.Tunnel is null ? InnerTags.Stripped : InnerTags.Carried,
            Learns = overlay.Learns,
            AcceptsUnknownRemotes = overlay.TakesStrangers,
            FloodLimit = overlay.FloodLimit ?? 0,
            SuppressesNeighbors = overlay.Answers,
            Mtu = overlay.Mtu,
        };
        return overlay.MaxStations is { } most ? options with { MaxStations = most } : options;
    }
}
