using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link;

/// <summary>One thread sleeps here until another sets it: an eventfd(2), one system call on either side.</summary>
internal sealed unsafe class WakeEvent : IDisposable
{
    private readonly SafeFileHandle _descriptor;

    internal WakeEvent()
    {
        _descriptor = Native.EventFd(0, Native.EfdCloexec);
        if (_descriptor.IsInvalid)
            throw new LinkException($"a worker needs an eventfd, and the host refuses one: {Marshal.GetLastPInvokeErrorMessage()}; raise the limit of open files (ulimit -n)");
    }

    public void Dispose() => _descriptor.Dispose();

    /// <summary>Ends the present wait, or the next one. Any thread; never blocks.</summary>
    internal void Set()
    {
        ulong one = 1;
        try
        {
            // SAFETY: eight bytes of our own stack, as eventfd(2) wants. It could fail only after 2^64 − 2 sets without a wait.
            _ = Native.Write(_descriptor, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // The sleeper has ended since the caller looked: nobody is left to wake.
        }
    }

    /// <summary>Sleeps until set; returns early, at most, when a signal arrives.</summary>
    internal void Wait()
    {
        ulong count;
        // SAFETY: eight bytes of our own stack. EINTR is a wake-up without cause, which every caller allows for.
        _ = Native.Read(_descriptor, &count, sizeof(ulong));
    }
}
