using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link.Host;

/// <summary>Follows the state of one interface of the network namespace it was opened in (rtnetlink(7), group RTMGRP_LINK).</summary>
/// <remarks>One thread at a time. All fields are in host byte order.</remarks>
internal sealed unsafe class LinkMonitor : IDisposable
{
    private const int NetlinkFamily = 16;
    private const int RawSocket = 3;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const uint GroupLink = 1;
    private const ushort NewLink = 16;
    private const ushort DeletedLink = 17;
    private const ushort GetLink = 18;
    private const ushort FlagRequest = 1;
    private const int HeaderLength = 16;
    private const int LinkLength = 16;
    private const uint InterfaceUp = 1;
    private const uint InterfaceRunning = 0x40;

    private readonly SafeFileHandle _socket;
    private readonly int _index;
    private readonly byte[] _buffer = new byte[16384];

    /// <summary>Begins, and learns the present state.</summary>
    /// <param name="index">Index of the interface.</param>
    /// <exception cref="LinkException">The host refuses a netlink socket.</exception>
    internal LinkMonitor(int index)
    {
        _index = index;
        _socket = Native.Socket(NetlinkFamily, RawSocket | NonBlocking | CloseOnExec, 0);
        if (_socket.IsInvalid)
            throw new LinkException($"the host refuses a netlink socket: {Marshal.GetLastPInvokeErrorMessage()}");
        byte* address = stackalloc byte[12];
        Span<byte> bytes = new(address, 12);
        bytes.Clear();
        MemoryMarshal.Write(bytes, (ushort)NetlinkFamily);
        MemoryMarshal.Write(bytes[8..], GroupLink);
        // SAFETY: struct sockaddr_nl on our own stack.
        if (Native.Bind(_socket, address, 12) != 0)
            throw new LinkException($"the host refuses to tell of interfaces: {Marshal.GetLastPInvokeErrorMessage()}");
        Ask();
        Read();
    }

    /// <summary>Readable when there is news.</summary>
    internal SafeHandle Descriptor => _socket;

    /// <summary>The interface is set up.</summary>
    internal bool IsSetUp { get; private set; }

    /// <summary>The interface is set up and has a carrier.</summary>
    internal bool IsRunning { get; private set; }

    /// <summary>The interface has left the namespace: it was deleted, or moved to another one.</summary>
    internal bool HasLeft { get; private set; }

    public void Dispose() => _socket.Dispose();

    /// <summary>Takes what news there is. Does not block.</summary>
    internal void Read()
    {
        fixed (byte* buffer = _buffer)
        {
            while (true)
            {
                // SAFETY: the buffer is pinned.
                nint length = Native.ReceiveFrom(_socket, buffer, _buffer.Length, 0);
                if (length < 0 && Marshal.GetLastPInvokeError() == Native.Enobufs)
                    Ask();
                else if (length <= 0)
                    return;
                else
                    Take(_buffer.AsSpan(0, (int)length));
            }
        }
    }

    private void Take(ReadOnlySpan<byte> messages)
    {
        while (messages.Length >= HeaderLength + LinkLength)
        {
            int length = MemoryMarshal.Read<int>(messages);
            ushort type = MemoryMarshal.Read<ushort>(messages[4..]);
            if (length < HeaderLength || length > messages.Length)
                return;
            ReadOnlySpan<byte> link = messages[HeaderLength..];
            if (type is NewLink or DeletedLink && MemoryMarshal.Read<int>(link[4..]) == _index && link[0] == 0)
            {
                uint flags = MemoryMarshal.Read<uint>(link[8..]);
                HasLeft = type == DeletedLink;
                IsSetUp = !HasLeft && (flags & InterfaceUp) != 0;
                IsRunning = IsSetUp && (flags & InterfaceRunning) != 0;
            }

            messages = messages[Math.Min((length + 3) & ~3, messages.Length)..];
        }
    }

    private void Ask()
    {
        byte* request = stackalloc byte[HeaderLength + LinkLength];
        Span<byte> bytes = new(request, HeaderLength + LinkLength);
        bytes.Clear();
        MemoryMarshal.Write(bytes, bytes.Length);
        MemoryMarshal.Write(bytes[4..], GetLink);
        MemoryMarshal.Write(bytes[6..], FlagRequest);
        MemoryMarshal.Write(bytes[(HeaderLength + 4)..], _index);
        // SAFETY: the request is on our own stack. Where it fails the next change tells.
        _ = Native.Write(_socket, request, bytes.Length);
    }
}
