using Fabric.Virtio;

namespace Fabric.Vmm;

/// <summary>Joins a console device's terminal port (hvc0 in the guest) to a <see cref="SerialConsole"/>, in both directions. Somebody has to
/// read that port all the time: a guest that prints there would stand still otherwise.</summary>
/// <remarks>Ends when the device is disposed; disposing this waits for that.</remarks>
internal sealed class TerminalPump : IAsyncDisposable
{
    private readonly SemaphoreSlim _typed = new(0);
    private readonly SerialConsole _console;
    private readonly Stream _port;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _ended;

    internal TerminalPump(ConsolePort port, SerialConsole console)
    {
        _port = port.Stream;
        _console = console;
        console.InputArrived = () => _typed.Release();
        _ended = Task.WhenAll(Task.Run(PrintAsync), Task.Run(TypeAsync));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.ConfigureAwait(false);
        _console.InputArrived = null;
        _typed.Dispose();
        _ending.Dispose();
    }

    private async Task PrintAsync()
    {
        byte[] buffer = new byte[4096];
        while (await _port.ReadAsync(buffer).ConfigureAwait(false) is var count and > 0)
            _console.Print(buffer.AsSpan(0, count));
        await _ending.CancelAsync().ConfigureAwait(false);
    }

    private async Task TypeAsync()
    {
        byte[] buffer = new byte[256];
        try
        {
            while (true)
            {
                int count = _console.TakeInput(buffer);
                if (count == 0)
                    await _typed.WaitAsync(_ending.Token).ConfigureAwait(false);
                else
                    await _port.WriteAsync(buffer.AsMemory(0, count), _ending.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The device has ended, and with it whoever could read this.
        }
    }
}
