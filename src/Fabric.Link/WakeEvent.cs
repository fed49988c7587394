using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link;

/// <summary>Ends a sleep on an <see cref="Epoll"/> from another thread: an eventfd(2), readable from when it is set until it is
/// cleared.</summary>
public sealed unsafe class WakeEvent : IDisposable
{
    /// <summary>Makes one that is not set.</summary>
    /// <exception cref="LinkException">The host refuses a descriptor.</exception>
    public WakeEvent()
    {
        Descriptor = Native.EventFd(0, Native.EfdCloexec | Native.EfdNonblock);
        if (Descriptor.IsInvalid)
            throw new LinkException($"a worker needs an eventfd, and the host refuses one: {Marshal.GetLastPInvokeErrorMessage()}; raise the limit of open files (ulimit -n)");
    }

    /// <summary>What to sleep on.</summary>
    public SafeFileHandle Descriptor { get; }

    /// <summary>Closes the descriptor.</summary>
    public void Dispose() => Descriptor.Dispose();

    /// <summary>Makes the descriptor readable. Any thread; never blocks.</summary>
    public void Set()
    {
        ulong one = 1;
        try
        {
            // SAFETY: eight bytes of our own stack, as eventfd(2) wants. It could fail only after 2^64 − 2 sets without a clear.
            _ = Native.Write(Descriptor, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // The sleeper has ended since the caller looked: nobody is left to wake.
        }
    }

    /// <summary>Makes the descriptor unreadable. Never blocks.</summary>
    public void Clear()
    {
        ulong count;
        // SAFETY: eight bytes of our own stack.
        _ = Native.Read(Descriptor, &count, sizeof(ulong));
    }
}
