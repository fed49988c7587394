using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

// Tunnels over sockets of the host
//
// One socket, bound to the VTEP's address and port, receives; one more for each multicast group. Sending is done by others, because a
// socket has one source port, and the underlay's routers spread flows over their links by it: as many sockets as there are source
// ports, bound in 49152 … 65535, and a datagram goes by the one that its wanted source port falls on. So the entropy is that of the
// number of sockets (16 unless asked otherwise) and not 14 bits. Raw sockets would have it whole, but neither segmentation nor an
// unprivileged start.
//
//   Send      The datagrams of a burst are gathered by socket. Those that go to one destination one behind the other and have one
//             length (the last may be shorter) become one message, which the host's UDP cuts again (UDP_SEGMENT): a TCP super-frame
//             that was cut into forty tunnel packets passes the host's stack once. Then one sendmmsg for each socket.
//   Receive   One recvmmsg into large buffers. The host joins packets of one sender (UDP_GRO) and says by which length to cut.
//
// Don't Fragment is set always. A packet longer than the path takes is refused by the host (EMSGSIZE), which also remembers what
// routers on the way said.
//
// A host whose interface makes no checksums segments nothing (EIO): from then on datagrams go one by one.

/// <summary>A UDP end point of the host as an underlay.</summary>
public sealed unsafe class UdpUnderlay : IUnderlay
{
    private const int Slot = 65536;
    private const int MostMessages = 32;
    private const int FewMessages = 6;
    private const int LargeBurst = 192 * 1024;
    private const int NameLength = 28;
    private const int V4NameLength = 16;
    private const int MostSegments = 64;
    private const int MostTrain = 65000;
    private const int PiecesEach = 136;
    private const int MostPieces = 2048;

    private readonly UdpUnderlayOptions _options;
    private readonly UdpSockets _sockets;
    private readonly Epoll _ready = new();
    private readonly List<Socket> _groups = [];
    private readonly int[] _senders;
    private int[] _receivers;
    private int _turn;
    private int _vector = MostMessages;
    private bool _segments;
    private readonly ulong _family;

    private readonly byte[] _data = GC.AllocateUninitializedArray<byte>(MostMessages * Slot, pinned: true);
    private readonly byte[] _from = GC.AllocateArray<byte>(MostMessages * NameLength, pinned: true);
    private readonly Native.Control[] _told = GC.AllocateArray<Native.Control>(MostMessages, pinned: true);
    private readonly Native.Piece[] _rooms = GC.AllocateArray<Native.Piece>(MostMessages, pinned: true);
    private readonly Native.Message[] _incoming = GC.AllocateArray<Native.Message>(MostMessages, pinned: true);
    private readonly ReceivedDatagram[] _received = new ReceivedDatagram[MostMessages];

    private readonly byte[] _to = GC.AllocateArray<byte>(IUnderlay.MaxBurst * NameLength, pinned: true);
    private readonly Native.Control[] _asked = GC.AllocateArray<Native.Control>(IUnderlay.MaxBurst, pinned: true);
    private readonly Native.Piece[] _pieces = GC.AllocateArray<Native.Piece>(MostPieces, pinned: true);
    private readonly Native.Message[] _outgoing = GC.AllocateArray<Native.Message>(IUnderlay.MaxBurst, pinned: true);
    private readonly int[] _counts = new int[IUnderlay.MaxBurst];
    private readonly int[] _chosen = new int[IUnderlay.MaxBurst];
    private long _sentBytes;
    private bool _disposed;

    private UdpUnderlay(UdpUnderlayOptions options, UdpSockets sockets)
    {
        _options = options;
        _sockets = sockets;
        _segments = options.Segmentation && options.Checksums;
        _family = options.Local.IsV4 ? (ulong)2 : 10;
        _receivers = [Number(sockets.Receiver)];
        _senders = [.. sockets.Senders.Select(Number)];
        for (int i = 0; i < MostMessages; i++)
            _rooms[i] = new Native.Piece { Base = At(_data, i * Slot), Length = Slot };
        _ready.Add(sockets.Receiver.SafeHandle, 0);
    }

    /// <inheritdoc/>
    public IpAddress Local => _options.Local;

    /// <inheritdoc/>
    public ushort Port => (ushort)((IPEndPoint)_sockets.Receiver.LocalEndPoint!).Port;

    /// <inheritdoc/>
    public SafeHandle? ReadyDescriptor => _ready.Descriptor;

    /// <summary>False when the host was found not to segment datagrams, or was not asked to.</summary>
    public bool IsSegmenting => Volatile.Read(ref _segments);

    /// <summary>Opens the sockets.</summary>
    /// <param name="options">How.</param>
    /// <exception cref="OverlayException">The host refuses.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    public static UdpUnderlay Open(UdpUnderlayOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SourcePorts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SourcePorts, UdpUnderlayOptions.MostSourcePorts);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TimeToLive, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.DifferentiatedServices, 63);
        if (options.Local == IpAddress.AnyV4 || options.Local == IpAddress.AnyV6)
            throw new OverlayException($"a tunnel cannot end at {options.Local}: name one address of this host");
        if (!options.Local.IsV4 && options.Local.Bits >> 118 == 0x3FA)
            throw new OverlayException($"a tunnel cannot end at {options.Local}: a link-local address says not by which interface; give the host another");
        return new UdpUnderlay(options, UdpSockets.Open(options));
    }

    /// <inheritdoc/>
    public int MtuTo(IpAddress destination)
    {
        Socket probe = _sockets.Probe!;
        lock (probe)
        {
            try
            {
                probe.Connect(new IPEndPoint(destination.ToIPAddress(), Port));
                Span<byte> mtu = stackalloc byte[sizeof(int)];
                _ = Local.IsV4 ? probe.GetRawSocketOption(Native.IpLevel, Native.IpMtu, mtu) : probe.GetRawSocketOption(Native.Ipv6Level, Native.Ipv6Mtu, mtu);
                return MemoryMarshal.Read<int>(mtu);
            }
            catch (SocketException)
            {
                return 0;
            }
        }
    }

    /// <inheritdoc/>
    public void Join(IpAddress group)
    {
        Socket receiver = _sockets.Join(group);
        _groups.Add(receiver);
        _ready.Add(receiver.SafeHandle, 0);
        Volatile.Write(ref _receivers, [.. _receivers, Number(receiver)]);
    }

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker)
    {
        // The worker watches the descriptor.
    }

    /// <inheritdoc/>
    public bool TryArm() => true;

    /// <inheritdoc/>
    public int Receive(IDatagramSink sink)
    {
        int[] receivers = Volatile.Read(ref _receivers);
        for (int tries = 0; tries < receivers.Length; tries++)
        {
            if (++_turn >= receivers.Length)
                _turn = 0;
            int taken = Receive(receivers[_turn]);
            if (taken <= 0)
                continue;
            sink.Accept(_received.AsSpan(0, taken));
            return taken;
        }

        return 0;
    }

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<TunnelDatagram> datagrams, PortCounters counters, out long bytes)
    {
        int left = 0;
        _sentBytes = 0;
        for (int i = 0; i < datagrams.Length; i++)
            _chosen[i] = (datagrams[i].SourcePort & (TunnelDatagram.SourcePorts - 1)) % _senders.Length;
        for (int i = 0; i < datagrams.Length; i++)
        {
            // Each socket once, with all that is its own, in order.
            if (_chosen[i] >= 0)
                left += SendBy(_chosen[i], datagrams, i, counters);
        }

        bytes = _sentBytes;
        return left;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _ready.Dispose();
        _sockets.Dispose();
        foreach (Socket group in _groups)
            group.Dispose();
    }

    private int Receive(int socket)
    {
        int vector = _vector;
        for (int i = 0; i < vector; i++)
        {
            _incoming[i] = new Native.Message
            {
                Name = At(_from, i * NameLength), NameLength = NameLength, Pieces = At(_rooms, i), PieceCount = 1,
                Control = (byte*)At(_told, i), ControlLength = (nuint)sizeof(Native.Control),
            };
        }

        // SAFETY: headers, names, control and data are pinned arrays that live as long as the underlay.
        int taken = Native.ReceiveMany(socket, At(_incoming, 0), (uint)vector, Native.DontWait, null);
        long bytes = 0;
        for (int i = 0; i < taken; i++)
        {
            ref readonly Native.Message message = ref _incoming[i];
            ref readonly Native.Control told = ref _told[i];
            bool isTrain = message.ControlLength != 0 && told.Level == Native.UdpLevel && told.Type == Native.UdpGro;
            ReadOnlySpan<byte> name = _from.AsSpan(i * NameLength, NameLength);
            IpAddress from = Local.IsV4 ? IpAddress.ReadV4(name[4..]) : IpAddress.ReadV6(name[8..]);
            _received[i] = new ReceivedDatagram(from, At(_data, i * Slot), (int)message.Length, isTrain ? told.Value : 0);
            bytes += message.Length;
        }

        // Long trains: few at a time stay in the cache until they are handed on.
        _vector = bytes > LargeBurst / 2 ? FewMessages : MostMessages;
        return taken;
    }

    private int SendBy(int sender, ReadOnlySpan<TunnelDatagram> datagrams, int first, PortCounters counters)
    {
        int left = 0;
        int messages = 0;
        int pieces = 0;
        for (int i = first; i < datagrams.Length;)
        {
            if (_chosen[i] != sender)
            {
                i++;
                continue;
            }

            ref readonly TunnelDatagram datagram = ref datagrams[i];
            if (pieces + PiecesEach > MostPieces)
            {
                left += Flush(sender, messages, counters);
                messages = pieces = 0;
            }

            if (datagram.Payload.Rest.Length >= PiecesEach)
            {
                counters.AddTransmitDrops(DropReason.BadDescriptor);
                _chosen[i++] = -1;
                continue;
            }

            int train = _segments ? Measure(datagrams[i..], _chosen.AsSpan(i), sender) : 1;
            Address(messages, in datagram);
            ref Native.Message message = ref _outgoing[messages];
            message.Pieces = At(_pieces, pieces);
            int began = pieces;
            for (int last = i + train; i < last; i++)
            {
                Add(in datagrams[i], ref pieces);
                _chosen[i] = -1;
            }

            message.PieceCount = (nuint)(pieces - began);
            if (train > 1)
            {
                _asked[messages] = new Native.Control { Length = 18, Level = Native.UdpLevel, Type = Native.UdpSegment, Value = (ushort)datagram.Payload.Length };
                message.Control = (byte*)At(_asked, messages);
                message.ControlLength = (nuint)sizeof(Native.Control);
            }

            _counts[messages++] = train;
        }

        return left + Flush(sender, messages, counters);
    }

    /// <summary>How many datagrams one message can carry.</summary>
    private static int Measure(ReadOnlySpan<TunnelDatagram> datagrams, ReadOnlySpan<int> chosen, int sender)
    {
        ref readonly TunnelDatagram first = ref datagrams[0];
        int segment = first.Payload.Length;
        int total = segment;
        int pieces = 1 + first.Payload.Rest.Length;
        int count = 1;
        while (count < datagrams.Length && count < MostSegments && chosen[count] == sender)
        {
            ref readonly TunnelDatagram next = ref datagrams[count];
            int length = next.Payload.Length;
            pieces += 1 + next.Payload.Rest.Length;
            if (length > segment || total + length > MostTrain || pieces > PiecesEach || next.Destination != first.Destination || next.Port != first.Port)
                break;
            total += length;
            count++;
            if (length < segment)
                break;
        }

        return count;
    }

    private void Address(int message, in TunnelDatagram datagram)
    {
        Span<byte> name = _to.AsSpan(message * NameLength, NameLength);
        // struct sockaddr_in, sockaddr_in6: family, port, then (IPv6: flow label) the address.
        MemoryMarshal.Write(name, (ushort)_family);
        name[2] = (byte)(datagram.Port >> 8);
        name[3] = (byte)datagram.Port;
        datagram.Destination.CopyTo(name[(Local.IsV4 ? 4 : 8)..]);
        _outgoing[message] = new Native.Message { Name = At(_to, message * NameLength), NameLength = (uint)(Local.IsV4 ? V4NameLength : NameLength) };
    }

    private void Add(in TunnelDatagram datagram, ref int pieces)
    {
        // SAFETY: the payload's memory stays where it is during the call.
        fixed (byte* head = datagram.Payload.Head)
            _pieces[pieces++] = new Native.Piece { Base = head, Length = (nuint)datagram.Payload.Head.Length };
        foreach (FrameSegment segment in datagram.Payload.Rest)
            _pieces[pieces++] = new Native.Piece { Base = (void*)segment.Address, Length = (nuint)segment.Length };
    }

    private int Flush(int sender, int messages, PortCounters counters)
    {
        int left = 0;
        for (int first = 0; first < messages;)
        {
            // SAFETY: all that the messages name is pinned, or a frame's memory during this call.
            int sent = Native.SendMany(_senders[sender], At(_outgoing, first), (uint)(messages - first), Native.DontWait | Native.NoSignal);
            if (sent > 0)
            {
                for (int i = 0; i < sent; i++)
                {
                    left += _counts[first + i];
                    _sentBytes += _outgoing[first + i].Length;
                }

                first += sent;
                continue;
            }

            left += Retry(sender, first, Marshal.GetLastPInvokeError(), counters);
            first++;
        }

        return left;
    }

    /// <summary>A message that the host refused: a train goes once more, each datagram by itself, if that may help.</summary>
    private int Retry(int sender, int message, int error, PortCounters counters)
    {
        int count = _counts[message];
        bool mayHelp = error is Native.ErrorIo or Native.ErrorInvalid or Native.ErrorMessageSize;
        if (count == 1 || !mayHelp)
        {
            counters.AddTransmitDrops(ReasonOf(error), count);
            return 0;
        }

        if (error == Native.ErrorIo)
            Volatile.Write(ref _segments, false);
        int segment = (ushort)_asked[message].Value;
        Native.Message whole = _outgoing[message];
        int left = 0;
        int piece = 0;
        for (int i = 0; i < count; i++)
        {
            Native.Message one = whole with { Pieces = whole.Pieces + piece, PieceCount = 0, Control = null, ControlLength = 0 };
            nuint length = 0;
            while (length < (nuint)segment && piece < (int)whole.PieceCount)
            {
                length += whole.Pieces[piece++].Length;
                one.PieceCount++;
            }

            // SAFETY: as in Flush.
            if (Native.SendMany(_senders[sender], &one, 1, Native.DontWait | Native.NoSignal) == 1)
            {
                left++;
                _sentBytes += (long)length;
            }
            else
            {
                counters.AddTransmitDrops(ReasonOf(Marshal.GetLastPInvokeError()));
            }
        }

        return left;
    }

    private static DropReason ReasonOf(int error) => error switch
    {
        Native.ErrorAgain or Native.ErrorNoBuffers => DropReason.NoBuffer,
        Native.ErrorMessageSize => DropReason.Oversized,
        _ => DropReason.LinkDown,
    };

    private static int Number(Socket socket) => (int)socket.SafeHandle.DangerousGetHandle();

    // SAFETY: only for the pinned arrays above, with an index inside them.
    private static T* At<T>(T[] pinned, int index)
        where T : unmanaged => (T*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, index);
}
