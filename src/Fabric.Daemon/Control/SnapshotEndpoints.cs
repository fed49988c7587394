using System.Text.Json;
using System.Threading.Channels;
using Fabric.Daemon.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>Requests about the snapshots of a topology's disks.</summary>
internal static class SnapshotEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology)
    {
        routes.MapGet("/v1/snapshots", context => ControlServer.ReplyAsync(context, topology.ListSnapshots(), ControlJson.Compact.IReadOnlyListSnapshotStatus));
        routes.MapPost("/v1/snapshots", async context =>
        {
            SnapshotRequest request = await ReadAsync(context);
            await ControlServer.ReplyAsync(context, await Task.Run(() => topology.CreateSnapshot(request)), ControlJson.Compact.SnapshotStatus);
        });
        routes.MapPost("/v1/snapshots/{name}/revert", async context =>
        {
            SnapshotRequest request = await ReadAsync(context);
            await ControlServer.ReplyAsync(context, await topology.RevertSnapshotAsync(NameIn(context), request), ControlJson.Compact.SnapshotStatus);
        });
        routes.MapDelete("/v1/snapshots/{name}", context => DeleteAsync(context, topology));
        routes.MapGet("/v1/snapshots/{name}/diff", async context =>
        {
            SnapshotRequest request = new() { Vm = Query(context, "vm"), Disk = Query(context, "disk") };
            IReadOnlyList<SnapshotDiff> diff = await Task.Run(() => topology.DiffSnapshot(NameIn(context), Query(context, "to"), request));
            await ControlServer.ReplyAsync(context, diff, ControlJson.Compact.IReadOnlyListSnapshotDiff);
        });
    }

    /// <summary>The deletion goes on whether or not somebody listens.</summary>
    private static async Task DeleteAsync(HttpContext context, RunningTopology topology)
    {
        Channel<SnapshotProgress> news = Channel.CreateBounded<SnapshotProgress>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        Task deletion = topology.DeleteSnapshotAsync(NameIn(context), progress => news.Writer.TryWrite(progress));
        _ = deletion.ContinueWith(_ => news.Writer.Complete(), TaskScheduler.Default);
        context.Response.ContentType = "application/x-ndjson";
        await foreach (SnapshotProgress item in news.Reader.ReadAllAsync(context.RequestAborted))
            await WriteAsync(context, item);
        string? error = null;
        try
        {
            await deletion;
        }
        catch (Exception e) when (context.Response.HasStarted && (OperatorError.TryDescribe(e, out error) || e is OperationCanceledException))
        {
            error ??= "the topology is being taken down; nothing is lost: delete the snapshot again when it is up";
        }

        await WriteAsync(context, new SnapshotProgress(null, 0, 0) { Error = error });
    }

    private static Task WriteAsync(HttpContext context, SnapshotProgress item) =>
        TopologyEndpoints.WriteLineAsync(context, JsonSerializer.SerializeToUtf8Bytes(item, ControlJson.Compact.SnapshotProgress), context.RequestAborted);

    private static string NameIn(HttpContext context) => (string)context.GetRouteValue("name")!;

    private static string? Query(HttpContext context, string key) => context.Request.Query[key] is [{ Length: > 0 } value] ? value : null;

    private static async Task<SnapshotRequest> ReadAsync(HttpContext context) =>
        await JsonSerializer.DeserializeAsync(context.Request.Body, ControlJson.Compact.SnapshotRequest, context.RequestAborted)
        ?? throw new DaemonException("the request's body is empty; send {\"name\":\"before-update\"}") { StatusCode = 400 };
}
