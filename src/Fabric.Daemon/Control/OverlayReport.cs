using System.Text.Json;
using Fabric.Daemon.Composition;
using Fabric.Overlay;
using Fabric.Topology;

namespace Fabric.Daemon.Control;

/// <summary>A VXLAN segment, as <c>GET /v1/overlays</c> and <c>fabric overlay --json</c> tell it.</summary>
/// <param name="Overlay">Name of the overlay, and of the switch's port.</param>
/// <param name="Switch">Name of the switch.</param>
/// <param name="Vni">VXLAN network identifier.</param>
/// <param name="Local">Address of this end.</param>
/// <param name="UdpPort">UDP port of this end.</param>
/// <param name="Mtu">Longest packet in bytes that reaches all other ends; 0 while none can be reached.</param>
/// <param name="Remotes">The other ends, those that were found by their frames included.</param>
/// <param name="Stations">Stations known behind them, static ones first.</param>
/// <param name="ReceivedFrames">Frames that came out of the tunnel.</param>
/// <param name="TransmittedFrames">Frames that went into it, a flooded one once for each end.</param>
/// <param name="Events">What the segment has done, by kind.</param>
/// <param name="ReceiveDrops">What was not taken from the tunnel, by reason.</param>
/// <param name="TransmitDrops">What did not go into it, by reason.</param>
/// <param name="EndPointDrops">What came to the end point and belongs to no segment, by reason; shared by the overlays of one end point.</param>
public sealed record OverlayReport(
    string Overlay,
    string Switch,
    int Vni,
    string Local,
    int UdpPort,
    int Mtu,
    IReadOnlyList<OverlayReportRemote> Remotes,
    IReadOnlyList<OverlayReportStation> Stations,
    long ReceivedFrames,
    long TransmittedFrames,
    IReadOnlyDictionary<string, long> Events,
    IReadOnlyDictionary<string, long> ReceiveDrops,
    IReadOnlyDictionary<string, long> TransmitDrops,
    IReadOnlyDictionary<string, long> EndPointDrops)
{
    /// <summary>Router that the tunnels start at; null for the machine itself.</summary>
    public string? Router { get; init; }

    /// <summary>Reads how a segment stands.</summary>
    internal static OverlayReport Of(OverlayModel model, VxlanPort port)
    {
        Vtep vtep = port.Vtep;
        vtep.RefreshMtu(port);
        return new OverlayReport(
            model.Name,
            model.To,
            port.Vni,
            $"{vtep.Underlay.Local}",
            vtep.Underlay.Port,
            port.PathMtu == 0 ? 0 : port.Mtu,
            [.. vtep.RemotesOf(port).Select(item => new OverlayReportRemote($"{item.Address}", item.Port, item.IsConfigured, item.Stations))],
            [
                .. vtep.Stations(port).OrderBy(item => !item.IsStatic).ThenBy(item => item.Address.Bits)
                    .Select(item => new OverlayReportStation($"{item.Address}", $"{item.Remote}", item.IsStatic, (long)item.Age.TotalSeconds)),
            ],
            port.Counters.ReceivedFrames,
            port.Counters.TransmittedFrames,
            Happened(port.Events),
            RunningTopology.DropsOf(port.Counters.ReceiveDrops),
            RunningTopology.DropsOf(port.Counters.TransmitDrops),
            RunningTopology.DropsOf(vtep.Receiver.Counters.ReceiveDrops))
        {
            Router = model.EndPoint.Router,
        };
    }

    private static SortedDictionary<string, long> Happened(SegmentCounters counters)
    {
        SortedDictionary<string, long> happened = [];
        Add(nameof(counters.Flooded), counters.Flooded);
        Add(nameof(counters.Replicas), counters.Replicas);
        Add(nameof(counters.UnknownUnicast), counters.UnknownUnicast);
        Add(nameof(counters.Learned), counters.Learned);
        Add(nameof(counters.Moved), counters.Moved);
        Add(nameof(counters.Aged), counters.Aged);
        Add(nameof(counters.TableFull), counters.TableFull);
        Add(nameof(counters.Evicted), counters.Evicted);
        Add(nameof(counters.Suppressed), counters.Suppressed);
        Add(nameof(counters.Joined), counters.Joined);
        Add(nameof(counters.MssClamped), counters.MssClamped);
        Add(nameof(counters.TooBig), counters.TooBig);
        Add(nameof(counters.TooBigTold), counters.TooBigTold);
        return happened;

        void Add(string name, long count)
        {
            if (count > 0)
                happened[JsonNamingPolicy.CamelCase.ConvertName(name)] = count;
        }
    }
}
