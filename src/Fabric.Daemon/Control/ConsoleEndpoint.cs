using System.Net.WebSockets;
using Fabric.Daemon.Composition;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fabric.Daemon.Control;

/// <summary>A guest's serial console over a WebSocket: what it has printed so far, then both directions as they come.</summary>
internal static class ConsoleEndpoint
{
    private const int LargestMessage = 4096;

    public static void Map(IEndpointRouteBuilder routes, RunningTopology topology, CancellationToken stopping)
    {
        routes.MapGet("/v1/vms/{vm}/console", async context =>
        {
            RunningVm vm = VmEndpoints.Find(topology, context);
            if (!context.WebSockets.IsWebSocketRequest)
                throw new DaemonException("the console is a WebSocket; use: fabric console " + vm.Name) { StatusCode = StatusCodes.Status400BadRequest };
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
            Task output = SendOutputAsync(vm, socket, either.Token);
            Task input = TakeInputAsync(vm, socket, either.Token);
            await Task.WhenAny(output, input);
            await CloseAsync(socket);
            await either.CancelAsync();
            await Task.WhenAll(Quietly(output), Quietly(input));
        });
    }

    private static async Task SendOutputAsync(RunningVm vm, WebSocket socket, CancellationToken cancel)
    {
        await foreach (ReadOnlyMemory<byte> chunk in vm.ReadConsoleAsync(cancel))
            await socket.SendAsync(chunk, WebSocketMessageType.Binary, true, cancel);
    }

    private static async Task TakeInputAsync(RunningVm vm, WebSocket socket, CancellationToken cancel)
    {
        byte[] buffer = new byte[LargestMessage];
        while (true)
        {
            ValueWebSocketReceiveResult message = await socket.ReceiveAsync(buffer.AsMemory(), cancel);
            if (message.MessageType == WebSocketMessageType.Close)
                return;
            await vm.WriteConsoleAsync(buffer.AsMemory(0, message.Count), cancel);
        }
    }

    private static async Task CloseAsync(WebSocket socket)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(1));
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The other side hung up without a word; there is nobody to say goodbye to.
        }
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // Both loops end this way when their socket closes.
        }
    }
}
