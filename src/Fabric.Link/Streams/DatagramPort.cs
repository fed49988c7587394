using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Fabric.Link.Streams;

/// <summary>A port whose other end is a datagram socket: a guest of QEMU (<c>-netdev dgram</c>), another switch. One finished frame is
/// one datagram, with nothing around it.</summary>
/// <remarks>
/// <para>Datagrams from any other address than the peer's are dropped and counted as <see cref="DropReason.BadPeer"/>. The port counts as
/// up always, for datagrams have no connection; what is sent to a peer that is not there is a drop
/// (<see cref="DropReason.LinkDown"/>).</para>
/// <para>Linux lets ten datagrams wait at a unix socket (sysctl <c>net.unix.max_dgram_qlen</c>): raise it where bursts are lost as
/// <see cref="DropReason.NoBuffer"/>, or use UDP.</para>
/// <para>A burst costs one system call in either direction, and no copy beside the kernel's.</para>
/// </remarks>
public sealed unsafe class DatagramPort : IPort
{
    private const int ShortestFrame = 14;
    private const int MaxBurst = IPort.MaxBurst;

    // A byte more than the longest frame, so that one that is too long shows.
    private const int Slot = Frame.MaxLength + 1;
    private const int NameSlot = 128;
    private const int MaxPieces = 256;
    private const int BufferSize = 1 << 20;

    private readonly Lock _transmit = new();
    private readonly Socket _socket;
    private readonly EndPoint _local;
    private readonly byte[] _peer;
    private readonly byte[] _data = GC.AllocateUninitializedArray<byte>(MaxBurst * Slot, pinned: true);
    private readonly byte[] _names = GC.AllocateArray<byte>(MaxBurst * NameSlot, pinned: true);
    private readonly Native.MessageHeader[] _incoming = GC.AllocateArray<Native.MessageHeader>(MaxBurst, pinned: true);
    private readonly Native.IoVector[] _rooms = GC.AllocateArray<Native.IoVector>(MaxBurst, pinned: true);
    private readonly Native.MessageHeader[] _outgoing = GC.AllocateArray<Native.MessageHeader>(MaxBurst, pinned: true);
    private readonly Native.IoVector[] _pieces = GC.AllocateArray<Native.IoVector>(MaxPieces, pinned: true);
    private readonly Frame[] _frames = new Frame[MaxBurst];
    private bool _disposed;

    private DatagramPort(string name, Socket socket, EndPoint local, EndPoint peer)
    {
        Name = name;
        _socket = socket;
        _local = local;
        SocketAddress address = peer.Serialize();
        // Pinned, as the kernel reads it at each transmission.
        _peer = GC.AllocateArray<byte>(address.Size, pinned: true);
        address.Buffer.Span[..address.Size].CopyTo(_peer);
        for (int i = 0; i < MaxBurst; i++)
            _rooms[i] = new Native.IoVector { Base = AddressOf(_data, i * Slot), Length = Slot };
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public FrameOffloads Accepts => FrameOffloads.None;

    /// <inheritdoc/>
    public PortCounters Counters { get; } = new();

    /// <inheritdoc/>
    public bool IsUp => true;

    /// <inheritdoc/>
    public SafeHandle? ReadyDescriptor => _socket.SafeHandle;

    /// <summary>Where it receives, with the port number that the host chose for 0.</summary>
    public EndPoint Local => _socket.LocalEndPoint!;

    /// <summary>Makes a port.</summary>
    /// <param name="name">Name in the topology.</param>
    /// <param name="local">Where it receives: a unix path or a UDP address. The socket file that a dead process left is replaced.</param>
    /// <param name="peer">Where it sends, and whom alone it hears; of the same family as <paramref name="local"/>.</param>
    /// <exception cref="LinkException">The address is taken, the host refuses it, or the two are of different families.</exception>
    public static DatagramPort Open(string name, EndPoint local, EndPoint peer)
    {
        if (local.AddressFamily != peer.AddressFamily)
            throw new LinkException($"{name}: cannot send from {local} to {peer}: give two unix paths, or two addresses of the same IP version");
        Socket socket = SocketFile.Create(local, SocketType.Dgram);
        try
        {
            SocketFile.RemoveDead(local, SocketType.Dgram);
            socket.ReceiveBufferSize = BufferSize;
            socket.SendBufferSize = BufferSize;
            socket.Bind(local);
            return new DatagramPort(name, socket, local, peer);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw SocketFile.Refused(local, e);
        }
    }

    /// <inheritdoc/>
    public int Receive(IFrameSink sink)
    {
        for (int i = 0; i < MaxBurst; i++)
        {
            _incoming[i] = new Native.MessageHeader
            {
                Name = AddressOf(_names, i * NameSlot), NameLength = NameSlot, Pieces = Element(_rooms, i), PieceCount = 1,
            };
        }

        // SAFETY: headers, names and data are pinned arrays that live as long as the port.
        int taken = Native.ReceiveMany(_socket.SafeHandle, Element(_incoming, 0), MaxBurst, Native.MsgDontWait, null);
        if (taken <= 0)
            return 0;
        int count = 0;
        long bytes = 0;
        for (int i = 0; i < taken; i++)
        {
            if (Refuse(i) is { } reason)
            {
                Counters.AddReceiveDrops(reason);
                continue;
            }

            _frames[count] = new Frame(AddressOf(_data, i * Slot), (int)_incoming[i].Length);
            bytes += _frames[count++].Length;
        }

        Counters.AddReceived(count, bytes);
        if (count != 0)
            sink.Accept(this, _frames.AsSpan(0, count));
        return taken;
    }

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        lock (_transmit)
        {
            int delivered = 0;
            long bytes = 0;
            while (!frames.IsEmpty)
            {
                int taken = Gather(frames, out int messages);
                delivered += SendGathered(messages, ref bytes);
                frames = frames[taken..];
            }

            Counters.AddTransmitted(delivered, bytes);
            return delivered;
        }
    }

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker)
    {
        // The worker watches the descriptor.
    }

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher)
    {
        // Never changes.
    }

    /// <inheritdoc/>
    public bool TryArm() => true;

    /// <summary>Closes the socket and removes its file.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _socket.Dispose();
        SocketFile.Remove(_local);
    }

    private DropReason? Refuse(int message)
    {
        ref readonly Native.MessageHeader header = ref _incoming[message];
        ReadOnlySpan<byte> from = _names.AsSpan(message * NameSlot, (int)Math.Min(header.NameLength, NameSlot));
        // A unix path may or may not end with a zero byte.
        if (!from.TrimEnd((byte)0).SequenceEqual(_peer.AsSpan().TrimEnd((byte)0)))
            return DropReason.BadPeer;
        if (header.Length < ShortestFrame)
            return DropReason.Truncated;
        return header.Length > Frame.MaxLength ? DropReason.Oversized : null;
    }

    /// <summary>Makes headers for as many frames as there is room for pieces.</summary>
    /// <returns>Number of frames used up, those that cannot be sent included.</returns>
    private int Gather(ReadOnlySpan<Frame> frames, out int messages)
    {
        messages = 0;
        int pieces = 0;
        int taken = 0;
        for (; taken < frames.Length && messages < MaxBurst; taken++)
        {
            ref readonly Frame frame = ref frames[taken];
            int needed = 1 + frame.Rest.Length;
            if (pieces + needed > MaxPieces && pieces != 0)
                break;
            DropReason? reason = frame.Length <= 0 ? DropReason.Truncated
                : frame.Length > Frame.MaxLength || needed > MaxPieces ? DropReason.Oversized
                : frame.Offload.IsCarriedBy(FrameOffloads.None) ? null : DropReason.UnsupportedOffload;
            if (reason is { } known)
            {
                Counters.AddTransmitDrops(known);
                continue;
            }

            _outgoing[messages++] = new Native.MessageHeader
            {
                Name = AddressOf(_peer, 0), NameLength = (uint)_peer.Length, Pieces = Element(_pieces, pieces), PieceCount = needed, Length = (uint)frame.Length,
            };
            // SAFETY: the frame's memory stays where it is during this call.
            fixed (byte* head = frame.Head)
                _pieces[pieces++] = new Native.IoVector { Base = head, Length = (nuint)frame.Head.Length };
            foreach (FrameSegment segment in frame.Rest)
                _pieces[pieces++] = new Native.IoVector { Base = (byte*)segment.Address, Length = (nuint)segment.Length };
        }

        return taken;
    }

    private int SendGathered(int messages, ref long bytes)
    {
        int delivered = 0;
        for (int first = 0; first < messages;)
        {
            // SAFETY: all that the headers name is pinned, or a frame's memory during this call. Length is written on success only.
            int sent = Native.SendMany(_socket.SafeHandle, Element(_outgoing, first), (uint)(messages - first), Native.MsgDontWait | Native.MsgNoSignal);
            if (sent <= 0)
            {
                Counters.AddTransmitDrops(ReasonOf(Marshal.GetLastPInvokeError()));
                first++;
                continue;
            }

            for (int i = 0; i < sent; i++)
                bytes += _outgoing[first + i].Length;
            delivered += sent;
            first += sent;
        }

        return delivered;
    }

    private static DropReason ReasonOf(int error) => error switch
    {
        Native.ErrorAgain or Native.ErrorNoBuffers => DropReason.NoBuffer,
        Native.ErrorMessageSize => DropReason.Oversized,
        _ => DropReason.LinkDown,
    };

    // SAFETY (both): only for the pinned arrays above, with an index inside them.
    private static byte* AddressOf(byte[] pinned, int index) => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, index);

    private static T* Element<T>(T[] pinned, int index)
        where T : unmanaged => (T*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, index);
}
