using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Unicode;
using Fabric.Daemon.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>Commands in guests. The answer streams while the command runs; who hangs up ends the command.</summary>
internal static class ExecEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology)
    {
        ConcurrentDictionary<long, ExecInput> inputs = new();
        long lastId = 0;
        routes.MapPost("/v1/vms/{vm}/exec", async context =>
        {
            RunningVm vm = VmEndpoints.Find(topology, context);
            ExecRequest request = await JsonSerializer.DeserializeAsync(context.Request.Body, ControlJson.Compact.ExecRequest, context.RequestAborted)
                ?? throw new DaemonException("the request's body is empty; send {\"command\":[\"uname\",\"-a\"]}") { StatusCode = 400 };
            if (request.Command is not { Count: > 0 } || request.Command.Contains(null!))
                throw new DaemonException("the request names no command; send {\"command\":[\"uname\",\"-a\"]}") { StatusCode = 400 };
            vm.CheckAgent();
            long id = Interlocked.Increment(ref lastId);
            using ExecInput input = new();
            if (request.Stdin)
                inputs[id] = input;
            try
            {
                await RunAsync(context, vm, request, id, input);
            }
            finally
            {
                inputs.TryRemove(id, out _);
            }
        });
        routes.MapPost("/v1/vms/{vm}/exec/{id:long}/stdin", async context =>
        {
            if (!inputs.TryGetValue(long.Parse((string)context.GetRouteValue("id")!), out ExecInput? input))
                throw new DaemonException("that command has ended, or takes no standard input") { StatusCode = StatusCodes.Status404NotFound };
            await input.SupplyAsync(context.Request.Body, context.RequestAborted);
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        });
    }

    private static async Task RunAsync(HttpContext context, RunningVm vm, ExecRequest request, long id, ExecInput input)
    {
        context.Response.ContentType = "application/x-ndjson";
        // Both streams write lines to one response; a line must not be torn.
        using SemaphoreSlim turn = new(1);
        await SendAsync(new ExecEvent { Id = id });
        ExecEvent last;
        try
        {
            Stream? stdin = request.Stdin ? await input.TakeAsync(context.RequestAborted) : null;
            int status = await vm.ExecAsync(
                request.Command,
                stdin,
                chunk => SendAsync(Utf8.IsValid(chunk.Span) ? new ExecEvent { Stdout = ToText(chunk) } : new ExecEvent { StdoutBytes = chunk.ToArray() }),
                chunk => SendAsync(Utf8.IsValid(chunk.Span) ? new ExecEvent { Stderr = ToText(chunk) } : new ExecEvent { StderrBytes = chunk.ToArray() }),
                context.RequestAborted);
            last = new ExecEvent { Exit = status };
        }
        catch (Exception e) when (OperatorError.TryDescribe(e, out _) && !context.RequestAborted.IsCancellationRequested)
        {
            last = new ExecEvent { Error = Describe(vm, e) };
        }
        await SendAsync(last);

        async Task SendAsync(ExecEvent item)
        {
            byte[] line = JsonSerializer.SerializeToUtf8Bytes(item, ControlJson.Compact.ExecEvent);
            await turn.WaitAsync(context.RequestAborted);
            try
            {
                await TopologyEndpoints.WriteLineAsync(context, line, context.RequestAborted);
            }
            finally
            {
                turn.Release();
            }
        }
    }

    private static string Describe(RunningVm vm, Exception error)
    {
        OperatorError.TryDescribe(error, out string line);
        return error is DaemonException ? line : $"{vm.Name}: {line}";
    }

    private static string ToText(ReadOnlyMemory<byte> chunk) => System.Text.Encoding.UTF8.GetString(chunk.Span);

    /// <summary>Hands the body of the one request to the other: the input's stays open until the command's has ended.</summary>
    private sealed class ExecInput : IDisposable
    {
        private readonly TaskCompletionSource<Stream> _body = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Stream> TakeAsync(CancellationToken cancel) => _body.Task.WaitAsync(cancel);

        public async Task SupplyAsync(Stream body, CancellationToken cancel)
        {
            if (!_body.TrySetResult(body))
                throw new DaemonException("that command has its standard input already");
            await _ended.Task.WaitAsync(cancel);
        }

        public void Dispose() => _ended.TrySetResult();
    }
}
