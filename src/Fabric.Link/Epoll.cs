using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link;

/// <summary>A set of descriptors to sleep on (epoll(7)), level triggered, each with a number by which it is reported.</summary>
/// <remarks>Any thread may add and remove; one waits.</remarks>
public sealed unsafe class Epoll : IDisposable
{
    /// <summary>Most descriptors reported by one wait; the kernel reports the others first the next time.</summary>
    public const int MaxReported = 64;

    // struct epoll_event: a 32-bit mask and a 64-bit value, packed on x86-64 only.
    private static readonly int EventLength = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;
    private static readonly int ValueOffset = EventLength - sizeof(ulong);

    private readonly SafeFileHandle _descriptor;
    private readonly int _number;
    private readonly byte[] _events = GC.AllocateArray<byte>(MaxReported * EventLength, pinned: true);

    /// <summary>Makes an empty set.</summary>
    /// <exception cref="LinkException">The host refuses a descriptor.</exception>
    public Epoll()
    {
        _descriptor = Native.EpollCreate(Native.EpollCloexec);
        if (_descriptor.IsInvalid)
            throw new LinkException($"a worker needs an epoll descriptor, and the host refuses one: {Marshal.GetLastPInvokeErrorMessage()}; raise the limit of open files (ulimit -n)");
        _number = (int)_descriptor.DangerousGetHandle();
    }

    /// <summary>Readable while a descriptor in the set is, so that one set can stand in another.</summary>
    public SafeHandle Descriptor => _descriptor;

    /// <summary>Closes the set, not what is in it.</summary>
    public void Dispose() => _descriptor.Dispose();

    /// <summary>Adds a descriptor.</summary>
    /// <param name="descriptor">Open until it is removed.</param>
    /// <param name="tag">Reported when it is readable, or broken.</param>
    /// <exception cref="LinkException">The kernel cannot watch it.</exception>
    public void Add(SafeHandle descriptor, int tag)
    {
        byte* added = stackalloc byte[16];
        // SAFETY: 16 bytes of our own stack hold struct epoll_event in both layouts.
        Unsafe.WriteUnaligned(added, Native.EpollIn);
        Unsafe.WriteUnaligned(added + ValueOffset, (long)tag);
        if (Native.EpollControl(_descriptor, Native.EpollAdd, descriptor, added) != 0)
            throw new LinkException($"the host cannot watch a port's descriptor: {Marshal.GetLastPInvokeErrorMessage()}; see /proc/sys/fs/epoll/max_user_watches");
    }

    /// <summary>Takes a descriptor out. One that is not in is no error.</summary>
    /// <param name="descriptor">Open.</param>
    public void Remove(SafeHandle descriptor)
    {
        byte* unused = stackalloc byte[16];
        // SAFETY: as in Add; the kernel ignores it.
        _ = Native.EpollControl(_descriptor, Native.EpollDelete, descriptor, unused);
    }

    /// <summary>Finds out which descriptors are readable.</summary>
    /// <param name="tags">Room for <see cref="MaxReported"/> numbers.</param>
    /// <param name="sleep">Wait until there is one; otherwise only look.</param>
    /// <returns>How many are reported; 0 also when a signal came.</returns>
    public int Wait(Span<int> tags, bool sleep)
    {
        byte* events = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_events, 0);
        // SAFETY: the array is pinned and has room for MaxReported events. The waiting thread ends before this object is disposed.
        int count = Native.EpollWait(_number, events, MaxReported, sleep ? -1 : 0);
        for (int i = 0; i < count; i++)
            tags[i] = (int)Unsafe.ReadUnaligned<long>(events + (i * EventLength) + ValueOffset);
        return Math.Max(count, 0);
    }
}
