using System.Text.Json;
using Fabric.Daemon.Composition;
using Fabric.Hosts.Messages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>What hosts inside the daemon can be told to do.</summary>
internal static class HostEndpoints
{
    private const int MaxEchoes = 65535;
    private const int MaxSize = 65507;
    private const int MaxIntervalMs = 60_000;

    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology) =>
        routes.MapPost("/v1/hosts/{host}/ping", async context =>
        {
            PingRequest request = await JsonSerializer.DeserializeAsync(context.Request.Body, ControlJson.Compact.PingRequest, context.RequestAborted)
                ?? throw new DaemonException("the request's body is empty; send {\"to\":\"10.0.0.1\"}") { StatusCode = 400 };
            if (request.Count is < 1 or > MaxEchoes || request.Size is < 0 or > MaxSize || request.IntervalMs is < 0 or > MaxIntervalMs)
            {
                throw new DaemonException($"count is from 1 to {MaxEchoes}, size from 0 to {MaxSize} bytes, the interval from 0 to {MaxIntervalMs / 1000} seconds") { StatusCode = 400 };
            }

            string host = (string)context.GetRouteValue("host")!;
            PingResult result = await topology.PingAsync(host, request).WaitAsync(context.RequestAborted);
            await ControlServer.ReplyAsync(context, Report(host, result), ControlJson.Compact.PingReport);
        });

    private static PingReport Report(string host, PingResult result) => new(
        host,
        $"{result.Destination}",
        result.Sent,
        result.Received,
        result.Duplicates,
        result.Minimum.TotalMilliseconds,
        result.Average.TotalMilliseconds,
        result.Maximum.TotalMilliseconds,
        [.. result.Echoes.Select(echo => new PingReportEcho(echo.Sequence, Word(echo.Outcome), echo.RoundTrip.TotalMilliseconds, $"{echo.From}", echo.HopLimit))]);

    private static string Word(PingOutcome outcome) => JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString());
}
