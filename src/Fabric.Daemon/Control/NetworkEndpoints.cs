using Fabric.Daemon.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>Requests about switches and overlays: what they know, and what they have done.</summary>
internal static class NetworkEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology)
    {
        routes.MapGet("/v1/fdb", context =>
            ControlServer.ReplyAsync(context, topology.Fdb(context.Request.Query["switch"].FirstOrDefault()), ControlJson.Compact.IReadOnlyListFdbStatus));
        routes.MapGet("/v1/snooping", context =>
            ControlServer.ReplyAsync(context, topology.Snooping(context.Request.Query["switch"].FirstOrDefault()), ControlJson.Compact.IReadOnlyListSnoopingReport));
        routes.MapGet("/v1/overlays", context =>
            ControlServer.ReplyAsync(context, topology.Overlays(context.Request.Query["overlay"].FirstOrDefault()), ControlJson.Compact.IReadOnlyListOverlayReport));
        routes.MapGet("/v1/overlays/check", async context => await ControlServer.ReplyAsync(
            context, await topology.CheckOverlaysAsync(context.Request.Query["overlay"].FirstOrDefault(), context.RequestAborted), ControlJson.Compact.IReadOnlyListOverlayCheckReport));
        routes.MapGet("/v1/stats", context =>
            ControlServer.ReplyAsync(context, topology.Statistics(), ControlJson.Compact.IReadOnlyListSwitchStatistics));
    }
}
