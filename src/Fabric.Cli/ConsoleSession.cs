using System.Net.WebSockets;

namespace Fabric.Cli;

/// <summary>Carries bytes between a guest's console and this side until one of them ends.</summary>
/// <param name="socket">The console.</param>
/// <param name="output">Where the guest's output goes.</param>
internal sealed class ConsoleSession(WebSocket socket, Stream output)
{
    /// <summary>Ctrl-], as telnet has it.</summary>
    public const byte Escape = 0x1d;

    /// <summary>How long a console must be silent, after piped input has ended, to count as having answered.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private long _lastOutput = Environment.TickCount64;

    /// <summary>Runs until the input holds the escape, or has ended and the guest is silent, or the guest is gone.</summary>
    public async Task RunAsync(Stream input, bool hasEscape, CancellationToken cancel)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task fromGuest = ReceiveAsync(ended.Token);
        // A read of a terminal cannot be cancelled; it is left behind on its thread.
        Task toGuest = Task.Run(() => SendAsync(input, hasEscape, ended.Token), CancellationToken.None);
        Task first = await Task.WhenAny(fromGuest, toGuest, Task.Delay(Timeout.Infinite, cancel));
        if (first == toGuest && !hasEscape && toGuest.IsCompletedSuccessfully)
            await WaitForSilenceAsync(fromGuest, cancel);
        await ended.CancelAsync();
        cancel.ThrowIfCancellationRequested();
        await Ignore(first);
    }

    /// <summary>Finds the escape in what was typed.</summary>
    /// <returns>Number of bytes before it, or all; true when it is there.</returns>
    internal static (int Count, bool Escaped) Scan(ReadOnlySpan<byte> typed)
    {
        int at = typed.IndexOf(Escape);
        return at < 0 ? (typed.Length, false) : (at, true);
    }

    private static async Task Ignore(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The daemon is gone, and the console with it: that is an end like any other.
        }
    }

    private async Task SendAsync(Stream input, bool hasEscape, CancellationToken cancel)
    {
        byte[] buffer = new byte[1024];
        while (await input.ReadAsync(buffer, cancel) is int read and > 0)
        {
            (int count, bool escaped) = hasEscape ? Scan(buffer.AsSpan(0, read)) : (read, false);
            if (count > 0)
                await socket.SendAsync(buffer.AsMemory(0, count), WebSocketMessageType.Binary, true, cancel);
            if (escaped)
                return;
        }
    }

    private async Task ReceiveAsync(CancellationToken cancel)
    {
        byte[] buffer = new byte[8192];
        while (true)
        {
            ValueWebSocketReceiveResult message = await socket.ReceiveAsync(buffer.AsMemory(), cancel);
            if (message.MessageType == WebSocketMessageType.Close)
                return;
            Volatile.Write(ref _lastOutput, Environment.TickCount64);
            await output.WriteAsync(buffer.AsMemory(0, message.Count), cancel);
            await output.FlushAsync(cancel);
        }
    }

    private async Task WaitForSilenceAsync(Task fromGuest, CancellationToken cancel)
    {
        Volatile.Write(ref _lastOutput, Environment.TickCount64);
        while (!fromGuest.IsCompleted)
        {
            TimeSpan left = Silence - TimeSpan.FromMilliseconds(Environment.TickCount64 - Volatile.Read(ref _lastOutput));
            if (left <= TimeSpan.Zero)
                return;
            await Task.WhenAny(fromGuest, Task.Delay(left, cancel));
        }
    }
}
