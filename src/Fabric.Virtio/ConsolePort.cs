namespace Fabric.Virtio;

/// <summary>One port of a console device, seen from the host (virtio 1.2, section 5.3).</summary>
/// <remarks>Each direction buffers up to <see cref="BufferLength"/> bytes. A guest that writes more than the host reads is held back,
/// nothing is lost; so somebody must read the terminal's port all the time, or a guest that prints stands still. Bytes that the guest had
/// not taken when it closed the port, or was reset, are dropped: they were meant for whoever had it open.</remarks>
public sealed class ConsolePort
{
    /// <summary>Bytes buffered per direction.</summary>
    public const int BufferLength = 64 * 1024;

    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isOpen;
    private bool _disposed;

    internal ConsolePort(string name, Action wake)
    {
        Name = name;
        Stream = new ConsoleStream(FromGuest, ToGuest, wake);
    }

    /// <summary>Name under which the guest finds the port in /dev/virtio-ports; empty for the terminal.</summary>
    public string Name { get; }

    /// <summary>The host's side: read what the guest wrote, write what it shall read. One reader and one writer at a time. Ends when the
    /// device is disposed.</summary>
    public Stream Stream { get; }

    /// <summary>True while something in the guest has the port open.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_gate)
                return _isOpen;
        }
    }

    internal ByteQueue FromGuest { get; } = new(BufferLength);

    internal ByteQueue ToGuest { get; } = new(BufferLength);

    /// <summary>Control messages the guest must still get; guarded by the device's port lock.</summary>
    internal ConsolePortMessages Pending { get; set; }

    /// <summary>True once the guest has said PORT_READY; guarded by the device's port lock.</summary>
    internal bool IsReady { get; set; }

    /// <summary>Bytes of the first available chain that were taken already; guarded by the transmit queue's gate.</summary>
    internal int Taken { get; set; }

    /// <summary>Waits until something in the guest has the port open.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public Task WaitForOpenAsync(CancellationToken cancellationToken = default) => WaitForAsync(true, cancellationToken);

    /// <summary>Waits until nothing in the guest has the port open, a reset guest included.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ObjectDisposedException">The device was disposed.</exception>
    public Task WaitForCloseAsync(CancellationToken cancellationToken = default) => WaitForAsync(false, cancellationToken);

    internal void SetOpen(bool open)
    {
        lock (_gate)
        {
            if (_isOpen == open)
                return;
            _isOpen = open;
            if (!open)
                ToGuest.Clear();
            SignalLocked();
        }
    }

    internal void End()
    {
        FromGuest.Complete();
        ToGuest.Complete();
        lock (_gate)
        {
            _disposed = true;
            SignalLocked();
        }
    }

    private void SignalLocked()
    {
        _changed.SetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private async Task WaitForAsync(bool open, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_isOpen == open)
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
