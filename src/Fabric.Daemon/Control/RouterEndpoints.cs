using Fabric.Daemon.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>Requests about routers: what they know, whom they know, and what they have done.</summary>
internal static class RouterEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology)
    {
        routes.MapGet("/v1/routes", context => ControlServer.ReplyAsync(context, topology.Routes(Router(context)), ControlJson.Compact.IReadOnlyListRouteStatus));
        routes.MapGet("/v1/neighbors", context => ControlServer.ReplyAsync(context, topology.Neighbors(Router(context)), ControlJson.Compact.IReadOnlyListNeighborStatus));
        routes.MapGet("/v1/rip", context => ControlServer.ReplyAsync(context, topology.Rip(Router(context)), ControlJson.Compact.IReadOnlyListRipReport));
        routes.MapGet("/v1/leases", context => ControlServer.ReplyAsync(context, topology.Leases(Router(context)), ControlJson.Compact.IReadOnlyListLeaseStatus));
        routes.MapGet("/v1/stats/routers", context => ControlServer.ReplyAsync(context, topology.RouterStatistics(), ControlJson.Compact.IReadOnlyListRouterStatistics));
    }

    private static string? Router(HttpContext context) => context.Request.Query["router"].FirstOrDefault();
}
