using System.Globalization;

namespace Fabric.Daemon.Control;

public sealed partial class ControlClient
{
    /// <summary>Asks which addresses the switches know.</summary>
    /// <param name="switchName">One switch, or null for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">There is no such switch, or no daemon answers.</exception>
    public Task<IReadOnlyList<FdbStatus>> FdbAsync(string? switchName, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, switchName is null ? "v1/fdb" : $"v1/fdb?switch={Uri.EscapeDataString(switchName)}", ControlJson.Compact.IReadOnlyListFdbStatus, cancel);

    /// <summary>Asks what the switches know of multicast groups.</summary>
    /// <param name="switchName">One switch, or null for all that look.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">There is no such switch, it does not look, or no daemon answers.</exception>
    public Task<IReadOnlyList<SnoopingReport>> SnoopingAsync(string? switchName, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, switchName is null ? "v1/snooping" : $"v1/snooping?switch={Uri.EscapeDataString(switchName)}", ControlJson.Compact.IReadOnlyListSnoopingReport, cancel);

    /// <summary>Asks what overlays know and have done.</summary>
    /// <param name="name">One overlay, or null for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">There is no such overlay, or no daemon answers.</exception>
    public Task<IReadOnlyList<OverlayReport>> OverlaysAsync(string? name, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, name is null ? "v1/overlays" : $"v1/overlays?overlay={Uri.EscapeDataString(name)}", ControlJson.Compact.IReadOnlyListOverlayReport, cancel);

    /// <summary>Has what the network between the ends of overlays carries measured.</summary>
    /// <param name="name">One overlay, or null for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">There is no such overlay, or no daemon answers.</exception>
    public Task<IReadOnlyList<OverlayCheckReport>> CheckOverlaysAsync(string? name, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, name is null ? "v1/overlays/check" : $"v1/overlays/check?overlay={Uri.EscapeDataString(name)}", ControlJson.Compact.IReadOnlyListOverlayCheckReport, cancel);

    /// <summary>Asks what the switches and their ports have done.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">No daemon answers.</exception>
    public Task<IReadOnlyList<SwitchStatistics>> StatisticsAsync(CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, "v1/stats", ControlJson.Compact.IReadOnlyListSwitchStatistics, cancel);

    /// <summary>Begins a capture.</summary>
    /// <param name="request">Of what.</param>
    /// <param name="cancel">Gives up before it has begun.</param>
    /// <exception cref="DaemonException">There is no such port or switch, the filter is wrong, or no daemon answers.</exception>
    public async Task<CaptureStream> CaptureAsync(CaptureRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        string filter = request.Filter is null ? "" : $"&filter={Uri.EscapeDataString(request.Filter)}";
        string path = string.Create(CultureInfo.InvariantCulture, $"v1/capture/{Uri.EscapeDataString(request.Name)}?snaplen={request.SnapLength}&count={request.Count}&segment={request.Segment}&drops={request.DropsOnly}&outside={request.Outside}{filter}");
        using HttpRequestMessage message = new(HttpMethod.Get, new Uri(Base, path));
        HttpResponseMessage response = await SendAsync(message, cancel);
        string id = response.Headers.TryGetValues(CaptureEndpoints.IdHeader, out IEnumerable<string>? values) ? values.First() : "";
        return new CaptureStream(response, id, await response.Content.ReadAsStreamAsync(cancel));
    }

    /// <summary>Ends a capture: what was seen is still sent, then the numbers of frames, then the stream ends.</summary>
    /// <param name="capture">The capture.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task StopCaptureAsync(CaptureStream capture, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(capture);
        using HttpRequestMessage message = new(HttpMethod.Post, new Uri(Base, $"v1/captures/{capture.Id}/stop"));
        using HttpResponseMessage response = await SendAsync(message, cancel);
    }
}
