using System.Collections.Concurrent;
using System.Globalization;
using Fabric.Daemon.Composition;
using Fabric.Link;
using Fabric.Link.Capture;
using Fabric.Link.Capture.Filtering;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>Captures: the answer is a pcapng file that goes on until somebody stops it, hangs up, or the topology goes down.</summary>
internal static class CaptureEndpoints
{
    /// <summary>Head of the answer by which the capture is stopped.</summary>
    public const string IdHeader = "Fabric-Capture";

    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology, CancellationToken stopping)
    {
        ConcurrentDictionary<long, CaptureSession> sessions = new();
        long lastId = 0;
        routes.MapGet("/v1/capture/{name}", async context =>
        {
            string name = (string)context.GetRouteValue("name")!;
            CaptureOptions options = ReadOptions(context.Request.Query);
            using RunningCapture capture = ReadFlag(context.Request.Query, "outside") ? topology.OpenOutsideCapture(name, options) : topology.OpenCapture(name, options);
            long id = Interlocked.Increment(ref lastId);
            sessions[id] = capture.Session;
            try
            {
                using CancellationTokenRegistration end = stopping.Register(capture.Session.End);
                context.Response.ContentType = "application/x-pcapng";
                context.Response.Headers[IdHeader] = id.ToString(CultureInfo.InvariantCulture);
                await new CaptureDrain(capture.Session, context.Response.BodyWriter).RunAsync(context.RequestAborted);
            }
            finally
            {
                sessions.TryRemove(id, out _);
            }
        });
        routes.MapPost("/v1/captures/{id:long}/stop", context =>
        {
            if (!sessions.TryGetValue(long.Parse((string)context.GetRouteValue("id")!, CultureInfo.InvariantCulture), out CaptureSession? session))
                throw new DaemonException("that capture has ended") { StatusCode = StatusCodes.Status404NotFound };
            session.End();
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        });
    }

    private static CaptureOptions ReadOptions(IQueryCollection query)
    {
        string filter = query["filter"].FirstOrDefault() ?? "";
        if (!FrameFilter.TryParse(filter, out FrameFilter? parsed, out FilterError? error))
            throw new DaemonException(error.Describe(filter)) { StatusCode = StatusCodes.Status400BadRequest };
        return new CaptureOptions
        {
            Filter = filter.Length == 0 ? null : parsed,
            SnapLength = (int)ReadNumber(query, "snaplen", CaptureOptions.MinSnapLength, Frame.MaxLength, Frame.MaxLength),
            Count = ReadNumber(query, "count", 0, long.MaxValue, 0),
            Segment = ReadFlag(query, "segment"),
            DropsOnly = ReadFlag(query, "drops"),
        };
    }

    private static long ReadNumber(IQueryCollection query, string name, long least, long most, long usual)
    {
        if (query[name].FirstOrDefault() is not { Length: > 0 } text)
            return usual;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= least && number <= most
            ? number
            : throw new DaemonException($"{name} is a number of {least} to {most}, not '{text}'") { StatusCode = StatusCodes.Status400BadRequest };
    }

    private static bool ReadFlag(IQueryCollection query, string name)
    {
        if (query[name].FirstOrDefault() is not { Length: > 0 } text)
            return false;
        return bool.TryParse(text, out bool flag) ? flag : throw new DaemonException($"{name} is true or false, not '{text}'") { StatusCode = StatusCodes.Status400BadRequest };
    }
}
