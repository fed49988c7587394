using System.Text.Json;

namespace Fabric.Daemon.Control;

public sealed partial class ControlClient
{
    /// <inheritdoc/>
    public Task<SnapshotStatus> CreateSnapshotAsync(SnapshotRequest request, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, "v1/snapshots", ControlJson.Compact.SnapshotStatus, cancel, BodyOf(request));

    /// <inheritdoc/>
    public Task<IReadOnlyList<SnapshotStatus>> ListSnapshotsAsync(CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, "v1/snapshots", ControlJson.Compact.IReadOnlyListSnapshotStatus, cancel);

    /// <inheritdoc/>
    public Task<SnapshotStatus> RevertSnapshotAsync(string name, SnapshotRequest request, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, PathOf(name) + "/revert", ControlJson.Compact.SnapshotStatus, cancel, BodyOf(request));

    /// <inheritdoc/>
    public async Task DeleteSnapshotAsync(string name, Action<SnapshotProgress> progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(progress);
        using HttpRequestMessage request = new(HttpMethod.Delete, new Uri(Base, PathOf(name)));
        using HttpResponseMessage response = await SendAsync(request, cancel);
        await foreach (SnapshotProgress item in ReadLinesAsync(response, ControlJson.Compact.SnapshotProgress, cancel))
        {
            if (item.Error is not null)
                throw new DaemonException(item.Error);
            if (item.Disk is null)
                return;
            progress(item);
        }

        throw new DaemonException($"the daemon ended while snapshot {name} was deleted; nothing is lost: bring the topology up and delete the snapshot again");
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<SnapshotDiff>> DiffSnapshotAsync(string name, string? to, SnapshotRequest request, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(request);
        IEnumerable<string> query = new[] { ("to", to), ("vm", request.Vm), ("disk", request.Disk) }
            .Where(pair => pair.Item2 is not null)
            .Select(pair => $"{pair.Item1}={Uri.EscapeDataString(pair.Item2!)}");
        return SendAsync(HttpMethod.Get, $"{PathOf(name)}/diff?{string.Join('&', query)}", ControlJson.Compact.IReadOnlyListSnapshotDiff, cancel);
    }

    private static string PathOf(string snapshot) => $"v1/snapshots/{Uri.EscapeDataString(snapshot)}";

    private static ByteArrayContent BodyOf(SnapshotRequest request) => new(JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Compact.SnapshotRequest));
}
