using Microsoft.Win32.SafeHandles;

namespace Fabric.Nbd;

/// <summary>Wakes a thread that waits for a socket (eventfd). Any thread rings.</summary>
internal sealed class Doorbell : IDisposable
{
    private readonly SafeFileHandle _event = Native.EventFd(0, Native.EventCloseOnExec | Native.EventNonBlocking);

    internal SafeFileHandle Handle => _event;

    internal void Ring() => Native.WriteEvent(_event, 1, sizeof(ulong));

    /// <summary>Forgets that it rang.</summary>
    internal void Clear() => Native.ReadEvent(_event, out _, sizeof(ulong));

    public void Dispose() => _event.Dispose();
}
