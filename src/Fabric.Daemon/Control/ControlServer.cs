using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fabric.Daemon.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fabric.Daemon.Control;

/// <summary>Serves the control API of one topology on its unix socket.</summary>
/// <remarks>
/// <para>HTTP/1.1 without TLS: the folder (0700) and the socket (0600) say who may talk. Everything can be done with
/// <c>curl --unix-socket $XDG_RUNTIME_DIR/fabric/NAME.sock http://fabric/v1/…</c>:</para>
/// <code>
/// GET  /v1/status                     TopologyStatus
/// GET  /v1/events                     one TopologyEvent per line: all so far, then as they come, until the topology is down
/// POST /v1/stop                       202; takes the topology down and ends the daemon
/// POST /v1/vms/VM/start|stop|pause|resume|reset    VmStatus when done
/// POST /v1/vms/VM/exec                ExecRequest; the answer is one ExecEvent per line
/// POST /v1/vms/VM/exec/ID/stdin       raw bytes, streamed to the command's standard input; the end of the body closes it
/// POST /v1/links/A/B/up|down          LinkStatus; cuts or mends all links between two switches, routers or interfaces
/// POST /v1/hosts/HOST/ping            PingRequest; PingReport when all echoes are answered or given up
/// GET  /v1/snapshots                  SnapshotStatus of each, oldest first
/// POST /v1/snapshots                  SnapshotRequest; SnapshotStatus of the one taken
/// POST /v1/snapshots/NAME/revert      SnapshotRequest; stops the machines that use the disks, and starts them again
/// DELETE /v1/snapshots/NAME           one SnapshotProgress per line; goes on when the client hangs up
/// GET  /v1/snapshots/NAME/diff        SnapshotDiff of each disk; ?to=NAME2, ?vm=VM, ?disk=DISK
/// GET  /v1/fdb                        FdbStatus of each address known; ?switch=SWITCH
/// GET  /v1/stats                      SwitchStatistics of each switch
/// GET  /v1/routes                     RouteStatus of each route of the routers; ?router=ROUTER
/// GET  /v1/neighbors                  NeighborStatus of each station on their links; ?router=ROUTER
/// GET  /v1/rip                        RipReport of each RIP and RIPng; ?router=ROUTER
/// GET  /v1/leases                     LeaseStatus of each address given out by DHCP; ?router=ROUTER
/// GET  /v1/stats/routers              RouterStatistics of each router
/// GET  /v1/capture/NAME               of a port, a switch or a router: a pcapng file that goes on; ?filter=EXPR, ?snaplen=, ?count=, ?segment=true, ?drops=true, ?outside=true of an overlay
/// POST /v1/captures/ID/stop           204; ends the capture whose answer has the head Fabric-Capture: ID
/// GET  /v1/vms/VM/console             WebSocket, binary messages both ways; the scrollback comes first
/// </code>
/// <para>Standard input is a request of its own because HTTP/1.1 clients send a whole body before they read the answer: a command
/// that answers while it reads would wait for itself.</para>
/// <para>Failures answer with <see cref="ErrorReply"/>: 400 for what cannot be read, 404 for unknown names, 409 for what the
/// topology's state forbids.</para>
/// </remarks>
internal sealed class ControlServer : IAsyncDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping;

    private ControlServer(WebApplication app, CancellationTokenSource stopping)
    {
        _app = app;
        _stopping = stopping;
    }

    /// <summary>Listens on a path where nothing stands.</summary>
    /// <param name="socket">Path of the socket.</param>
    /// <param name="topology">What is served.</param>
    /// <param name="requestStop">Called when a client asks to take the topology down.</param>
    /// <param name="log">Takes a line for each failure that is the daemon's own.</param>
    public static async Task<ControlServer> StartAsync(string socket, RunningTopology topology, Action requestStop, Action<string> log)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.ListenUnixSocket(socket);
            options.AddServerHeader = false;
            // A guest's command may read its input, and an operator the output, as slowly as they like.
            options.Limits.MaxRequestBodySize = null;
            options.Limits.MinRequestBodyDataRate = null;
            options.Limits.MinResponseDataRate = null;
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, OwnedLifetime>();
        WebApplication app = builder.Build();
        CancellationTokenSource stopping = new();
        app.Use((context, next) => AnswerFailures(context, next, log));
        app.UseWebSockets();
        TopologyEndpoints.Map(app, topology, requestStop, stopping.Token);
        VmEndpoints.Map(app, topology);
        LinkEndpoints.Map(app, topology);
        ExecEndpoints.Map(app, topology);
        HostEndpoints.Map(app, topology);
        SnapshotEndpoints.Map(app, topology);
        NetworkEndpoints.Map(app, topology);
        RouterEndpoints.Map(app, topology);
        CaptureEndpoints.Map(app, topology, stopping.Token);
        ConsoleEndpoint.Map(app, topology, stopping.Token);
        await app.StartAsync();
        File.SetUnixFileMode(socket, OwnerOnly);
        return new ControlServer(app, stopping);
    }

    /// <summary>Writes a record as the whole answer.</summary>
    internal static Task ReplyAsync<T>(HttpContext context, T body, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return JsonSerializer.SerializeAsync(context.Response.Body, body, type, context.RequestAborted);
    }

    /// <summary>Lets open answers end, then stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        using CancellationTokenSource patience = new(DrainTime);
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
        _stopping.Dispose();
    }

    private static async Task AnswerFailures(HttpContext context, RequestDelegate next, Action<string> log)
    {
        try
        {
            await next(context);
        }
        catch (DaemonException e) when (!context.Response.HasStarted)
        {
            await ReplyAsync(context, new ErrorReply(e.Message), ControlJson.Compact.ErrorReply, e.StatusCode);
        }
        catch (JsonException e) when (!context.Response.HasStarted)
        {
            await ReplyAsync(context, new ErrorReply($"the request's body cannot be read: {e.Message}"), ControlJson.Compact.ErrorReply, StatusCodes.Status400BadRequest);
        }
        catch (Exception e) when (!context.Response.HasStarted && OperatorError.TryDescribe(e, out string line))
        {
            await ReplyAsync(context, new ErrorReply(line), ControlJson.Compact.ErrorReply, StatusCodes.Status409Conflict);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
        catch (Exception e)
        {
            log($"{context.Request.Method} {context.Request.Path}: {e}");
            if (context.Response.HasStarted)
                context.Abort();
            else
                await ReplyAsync(context, new ErrorReply(e.Message), ControlJson.Compact.ErrorReply, StatusCodes.Status500InternalServerError);
        }
    }

    /// <summary>The daemon decides when it ends; the web host's own handling of signals would race with it.</summary>
    private sealed class OwnedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
