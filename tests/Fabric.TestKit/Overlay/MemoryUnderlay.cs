using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.TestKit.Overlay;

/// <summary>One end of a <see cref="MemoryNetwork"/>. Allocates nothing once its buffers are there.</summary>
public sealed unsafe class MemoryUnderlay : IUnderlay
{
    private const int SmallBuffer = 2048;
    private const int LargeBuffer = 70_000;
    private const int MostWaiting = 65_536;
    private readonly MemoryNetwork _network;
    private readonly PriorityQueue<Datagram, (long, long)> _delayed = new();
    private readonly Queue<Datagram> _waiting = new();
    private readonly Stack<byte[]> _small = new();
    private readonly Stack<byte[]> _large = new();
    private readonly ReceivedDatagram[] _burst = new ReceivedDatagram[32];
    private readonly Datagram[] _taken = new Datagram[32];
    private IWaker? _waker;
    private long _order;

    internal MemoryUnderlay(MemoryNetwork network, IpAddress local, ushort port)
    {
        _network = network;
        Local = local;
        Port = port;
    }

    public IpAddress Local { get; }

    public ushort Port { get; }

    public SafeHandle? ReadyDescriptor => null;

    /// <summary>Source ports seen on what arrived.</summary>
    public HashSet<ushort>? SourcePorts { get; set; }

    internal HashSet<IpAddress> Groups { get; } = [];

    public int MtuTo(IpAddress destination) => _network.Mtu;

    public void Join(IpAddress group) => Groups.Add(group);

    public void AttachWaker(IWaker waker) => _waker = waker;

    public bool TryArm() => _waiting.Count == 0 && _delayed.Count == 0;

    public int Send(ReadOnlySpan<TunnelDatagram> datagrams, PortCounters counters, out long bytes)
    {
        bytes = 0;
        int left = 0;
        foreach (ref readonly TunnelDatagram datagram in datagrams)
        {
            int headers = UdpView.HeaderLength + (Local.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength);
            if (datagram.Payload.Length + headers > _network.Mtu)
            {
                counters.AddTransmitDrops(DropReason.Oversized);
                continue;
            }

            left++;
            bytes += datagram.Payload.Length;
            if (datagram.Destination.IsV4 ? datagram.Destination.V4 >> 28 == 0xE : datagram.Destination.Bits >> 120 == 0xFF)
            {
                foreach (MemoryUnderlay member in _network.Members(datagram.Destination, this))
                    Carry(datagram with { Destination = member.Local, Port = member.Port });
            }
            else
            {
                Carry(in datagram);
            }
        }

        return left;
    }

    /// <summary>Puts bytes in front of the end as if somebody had sent them.</summary>
    public void Inject(IpAddress source, ReadOnlySpan<byte> payload, int segment = 0)
    {
        byte[] buffer = Rent(payload.Length);
        payload.CopyTo(buffer);
        _waiting.Enqueue(new Datagram(source, buffer, payload.Length, segment));
        _waker?.Wake();
    }

    public int Receive(IDatagramSink sink)
    {
        while (_delayed.TryPeek(out Datagram due, out (long At, long) when) && when.At <= _network.Now)
        {
            _delayed.Dequeue();
            _waiting.Enqueue(due);
        }

        int count = 0;
        while (count < _burst.Length && _waiting.TryDequeue(out Datagram next))
        {
            _taken[count] = next;
            _burst[count++] = new ReceivedDatagram(next.Source, (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(next.Buffer, 0), next.Length, next.Segment);
        }

        if (count == 0)
            return 0;
        sink.Accept(_burst.AsSpan(0, count));
        for (int i = 0; i < count; i++)
            (_taken[i].Buffer.Length == SmallBuffer ? _small : _large).Push(_taken[i].Buffer);
        return count;
    }

    public void Dispose()
    {
        // Holds nothing of the host's.
    }

    private void Carry(in TunnelDatagram datagram)
    {
        MemoryUnderlay? end = _network.Route(datagram.Destination, datagram.Port, out long due);
        if (end is null || end._waiting.Count >= MostWaiting)
            return;
        end.SourcePorts?.Add(datagram.SourcePort);
        byte[] buffer = end.Rent(datagram.Payload.Length);
        datagram.Payload.CopyTo(0, buffer.AsSpan(0, datagram.Payload.Length));
        Datagram arriving = new(Local, buffer, datagram.Payload.Length, 0);
        if (_network.Delay == TimeSpan.Zero)
            end._waiting.Enqueue(arriving);
        else
            end._delayed.Enqueue(arriving, (due, end._order++));
        end._waker?.Wake();
    }

    private byte[] Rent(int length)
    {
        Stack<byte[]> pool = length <= SmallBuffer ? _small : _large;
        return pool.TryPop(out byte[]? buffer) ? buffer : GC.AllocateUninitializedArray<byte>(length <= SmallBuffer ? SmallBuffer : LargeBuffer, pinned: true);
    }

    private readonly record struct Datagram(IpAddress Source, byte[] Buffer, int Length, int Segment);
}
