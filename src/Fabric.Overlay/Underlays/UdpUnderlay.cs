using System.Buffers.Binary;
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
public sealed unsafe partial class UdpUnderlay : IUnderlay
{
    private const int Slot = 65536;
    private const int MostMessages = 32;
    private const int FewMessages = 3;
    private const int LargeBurst = 192 * 1024;
    private const int NameLength = 28;
    private const int V4NameLength = 16;
    private const int MostSegments = 64;
    private const int MostTrain = 65507;
    private const int PiecesEach = 136;
    private const int MostPieces = 2048;

    private readonly UdpUnderlayOptions _options;
    private readonly UdpSockets _sockets;
    private readonly Epoll _ready = new();
    private readonly List<Socket> _groups = [];
    private readonly int[] _senders;
    private readonly ushort[] _ports;
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
        _ports = [.. sockets.Senders.Select(socket => (ushort)((IPEndPoint)socket.LocalEndPoint!).Port)];
        for (int i = 0; i < MostMessages; i++)
            _rooms[i] = new Native.Piece { Base = At(_data, i * Slot), Length = Slot };
        _ready.Add(sockets.Receiver.SafeHandle, 0);
    }

    /// <inheritdoc/>
    public IpAddress Local => _options.Local;

    /// <inheritdoc/>
    public ushort Port => (ushort)((IPEndPoint)_sockets.Receiver.LocalEndPoint!).Port;

    /// <inheritdoc/>
    public OuterFields Outer => new(_options.TimeToLive, _options.DifferentiatedServices, _options.Checksums);

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
            // Not Socket.Connect, which refuses for good once a way was there and then was not.
            byte* name = stackalloc byte[NameLength];
            new Span<byte>(name, NameLength).Clear();
            WriteName(new Span<byte>(name, NameLength), destination, Port);
            if (Native.Connect(probe.SafeHandle, name, (uint)(Local.IsV4 ? V4NameLength : NameLength)) != 0)
                return 0;
            try
            {
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
    public Task<PathMtu> MeasureAsync(IpAddress destination, int wanted, TimeProvider time, CancellationToken cancel) =>
        Vtep.IsGroup(destination) ? Task.FromResult(new PathMtu(destination, PathState.NotAsked, MtuTo(destination), 0))
            : Task.Run(() => PathMtuProbe.MeasureAsync(this, _options.Namespace, destination, wanted, time, cancel), cancel);

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
    public void Watch(SafeHandle descriptor) => _ready.Add(descriptor, 0);

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
            _chosen[i] = SenderFor(datagrams[i].SourcePort);
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
    public ushort SourcePortFor(ushort wanted) => _ports[SenderFor(wanted)];

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

    private int SenderFor(ushort wanted) => (wanted & (TunnelDatagram.SourcePorts - 1)) % _senders.Length;

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
            _received[i] = new ReceivedDatagram(from, At(_data, i * Slot), (int)message.Length, isTrain ? told.Value : 0, BinaryPrimitives.ReadUInt16BigEndian(name[2..]));
            bytes += message.Length;
        }

        // Long trains: few at a time stay in the cache until they are handed on.
        _vector = bytes > LargeBurst / 2 ? FewMessages : MostMessages;
        return taken;
    }

    private static int Number(Socket socket) => (int)socket.SafeHandle.DangerousGetHandle();

    // SAFETY: only for the pinned arrays above, with an index inside them.
    private static T* At<T>(T[] pinned, int index)
        where T : unmanaged => (T*)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, index);
}
