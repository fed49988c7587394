using Fabric.Daemon.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>Requests about the links between switches and routers.</summary>
internal static class LinkEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology)
    {
        MapVerb("up", true);
        MapVerb("down", false);

        void MapVerb(string verb, bool up) => routes.MapPost("/v1/links/{a}/{b}/" + verb, context =>
            ControlServer.ReplyAsync(context, topology.SetLink(Name(context, "a"), Name(context, "b"), up), ControlJson.Compact.LinkStatus));
    }

    private static string Name(HttpContext context, string key) => (string)context.GetRouteValue(key)!;
}
