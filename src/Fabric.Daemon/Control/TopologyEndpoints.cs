using System.Text.Json;
using Fabric.Daemon.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>Requests about the whole topology: status, events, stop.</summary>
internal static class TopologyEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology, Action requestStop, CancellationToken stopping)
    {
        routes.MapGet("/v1/status", context => ControlServer.ReplyAsync(context, topology.Status(), ControlJson.Compact.TopologyStatus));
        routes.MapGet("/v1/events", context => SendEventsAsync(context, topology.Events, stopping));
        routes.MapPost("/v1/stop", context =>
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            requestStop();
            return Task.CompletedTask;
        });
    }

    private static async Task SendEventsAsync(HttpContext context, EventLog events, CancellationToken stopping)
    {
        context.Response.ContentType = "application/x-ndjson";
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        await context.Response.StartAsync(either.Token);
        await foreach (TopologyEvent item in events.ReadAsync(either.Token))
            await WriteLineAsync(context, JsonSerializer.SerializeToUtf8Bytes(item, ControlJson.Compact.TopologyEvent), context.RequestAborted);
    }

    internal static async Task WriteLineAsync(HttpContext context, byte[] line, CancellationToken cancel)
    {
        await context.Response.Body.WriteAsync(line, cancel);
        await context.Response.Body.WriteAsync("\n"u8.ToArray(), cancel);
        await context.Response.Body.FlushAsync(cancel);
    }
}
