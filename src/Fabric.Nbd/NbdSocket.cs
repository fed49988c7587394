using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Fabric.Nbd;

/// <summary>A connected stream socket, used by one receiving and one sending thread, which block.</summary>
/// <remarks>Nothing here throws for what the peer does: the end of the stream and a broken connection are both "no more bytes".</remarks>
internal sealed class NbdSocket : IDisposable
{
    // Longer than a wake-up takes, so that a client which answers at once finds this thread awake.
    private static readonly long SpinTicks = Stopwatch.Frequency / 1_000_000 * 40;

    // After a spin in vain, this many waits sleep at once; doubled at each further one.
    private const int MaxRest = 1024;

    private readonly Socket _socket;
    private readonly SafeHandle _handle;
    private int _rest;
    private int _resting;

    /// <summary>Wraps a connected socket, which is in blocking mode, and owns it.</summary>
    internal NbdSocket(Socket socket)
    {
        _socket = socket;
        _handle = socket.SafeHandle;
        if (socket.ProtocolType == ProtocolType.Tcp)
            socket.NoDelay = true;
        // Room for several of the longest pieces, as far as the host allows: the fewer waits, the better.
        socket.SendBufferSize = 4 << 20;
        socket.ReceiveBufferSize = 1 << 20;
    }

    /// <summary>Waits for bytes.</summary>
    /// <returns>How many came; 0 when no more will.</returns>
    internal int Receive(Span<byte> buffer)
    {
        int got = Spin(buffer);
        return got >= 0 ? got : Math.Max(0, Receive(buffer, 0));
    }

    /// <summary>Takes what is there.</summary>
    /// <returns>How many bytes; 0 when no more will come; −1 when none are there now.</returns>
    internal int TryReceive(Span<byte> buffer) => Receive(buffer, Native.MessageDontWait);

    /// <summary>Waits until bytes may be there or a bell rings; the bell is silent afterwards.</summary>
    internal void Wait(Doorbell bell, bool alsoForBytes)
    {
        Span<Native.PollEntry> entries =
        [
            new() { Descriptor = (int)bell.Handle.DangerousGetHandle(), Wanted = Native.PollIn },
            new() { Descriptor = (int)_handle.DangerousGetHandle(), Wanted = Native.PollIn },
        ];
        Native.Poll(entries, alsoForBytes ? 2u : 1u, -1);
        if (entries[0].Found != 0)
            bell.Clear();
    }

    /// <summary>Sends everything, waiting for a slow peer.</summary>
    /// <returns>False when the connection is broken.</returns>
    internal bool Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint sent = Native.Send(_handle, ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length, Native.MessageNoSignal);
            if (sent > 0)
                bytes = bytes[(int)sent..];
            else if (Marshal.GetLastPInvokeError() != Native.Eintr)
                return false;
        }

        return true;
    }

    /// <summary>Sends bytes and behind them memory that only the kernel may read, as far as that goes without waiting.</summary>
    /// <param name="bytes">What goes first; may be empty.</param>
    /// <param name="address">The memory.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <returns>How many bytes of both together; 0 when there is no room now; −1 when the connection is broken or the memory is gone.</returns>
    internal unsafe int TrySend(ReadOnlySpan<byte> bytes, nint address, int length)
    {
        // SAFETY: the span is pinned for the call, and the message points at two live vectors. The other memory is read by the kernel, which
        // answers EFAULT for what is not there.
        fixed (byte* start = bytes)
        {
            Native.IoVector* vectors = stackalloc Native.IoVector[2];
            vectors[0] = new() { Base = (nint)start, Length = (nuint)bytes.Length };
            vectors[1] = new() { Base = address, Length = (nuint)length };
            Native.MessageHeader message = new() { Vectors = (nint)vectors, VectorCount = 2 };
            while (true)
            {
                nint sent = Native.SendMessage(_handle, message, Native.MessageNoSignal | Native.MessageDontWait);
                if (sent >= 0)
                    return (int)sent;
                int error = Marshal.GetLastPInvokeError();
                if (error != Native.Eintr)
                    return error == Native.Eagain ? 0 : -1;
            }
        }
    }

    /// <summary>Waits until there is room to send, or the connection has ended.</summary>
    internal void WaitForRoom()
    {
        Span<Native.PollEntry> entry = [new() { Descriptor = (int)_handle.DangerousGetHandle(), Wanted = Native.PollOut }];
        Native.Poll(entry, 1, -1);
    }

    /// <summary>Bounds how long one wait for bytes, or for room to send, may take; what takes longer ends the connection.</summary>
    internal void SetPatience(TimeSpan patience) => _socket.ReceiveTimeout = _socket.SendTimeout = (int)patience.TotalMilliseconds;

    /// <summary>Ends one direction or both, which wakes whoever waits in it. Any thread.</summary>
    internal void Shutdown(SocketShutdown how)
    {
        try
        {
            _socket.Shutdown(how);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The peer or the owner was faster: it has ended.
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Looks for bytes for a moment before sleeping, as long as that has proved worth it: going to sleep and being woken costs more
    /// than a whole request.</summary>
    private int Spin(Span<byte> buffer)
    {
        int got = TryReceive(buffer);
        if (got >= 0)
            return got;
        if (_resting > 0)
        {
            _resting--;
            return -1;
        }

        for (long end = Stopwatch.GetTimestamp() + SpinTicks; Stopwatch.GetTimestamp() < end;)
        {
            got = TryReceive(buffer);
            if (got >= 0)
            {
                _rest = 0;
                return got;
            }
        }

        _rest = Math.Min(MaxRest, Math.Max(1, _rest * 2));
        _resting = _rest;
        return -1;
    }

    private int Receive(Span<byte> buffer, int flags)
    {
        while (true)
        {
            nint got = Native.Receive(_handle, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, flags);
            if (got >= 0)
                return (int)got;
            int error = Marshal.GetLastPInvokeError();
            if (error != Native.Eintr)
                return error == Native.Eagain ? -1 : 0;
        }
    }
}
