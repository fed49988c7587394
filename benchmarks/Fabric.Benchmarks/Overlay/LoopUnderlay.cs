using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.Benchmarks.Overlay;

/// <summary>An underlay that copies each datagram once and gives it to the other end: the least that any underlay does.</summary>
internal sealed unsafe class LoopUnderlay(IpAddress local) : IUnderlay
{
    private const int Slot = 2048;
    private readonly byte[] _data = GC.AllocateUninitializedArray<byte>(IUnderlay.MaxBurst * Slot, pinned: true);
    private readonly ReceivedDatagram[] _waiting = new ReceivedDatagram[IUnderlay.MaxBurst];
    private int _count;

    public IpAddress Local => local;

    public ushort Port => VxlanView.DefaultPort;

    public SafeHandle? ReadyDescriptor => null;

    /// <summary>Where datagrams go.</summary>
    public LoopUnderlay? Other { get; set; }

    public int MtuTo(IpAddress destination) => 1500;

    public int Send(ReadOnlySpan<TunnelDatagram> datagrams, PortCounters counters, out long bytes)
    {
        bytes = 0;
        LoopUnderlay other = Other!;
        foreach (ref readonly TunnelDatagram datagram in datagrams)
        {
            int length = datagram.Payload.Length;
            Span<byte> place = other._data.AsSpan(other._count * Slot, Slot);
            if (datagram.Payload.IsContiguous)
                datagram.Payload.Head.CopyTo(place);
            else
                datagram.Payload.CopyTo(0, place[..length]);
            other._waiting[other._count] = new ReceivedDatagram(local, (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(other._data, other._count * Slot), length);
            other._count++;
            bytes += length;
        }

        return datagrams.Length;
    }

    public int Receive(IDatagramSink sink)
    {
        int count = _count;
        _count = 0;
        if (count != 0)
            sink.Accept(_waiting.AsSpan(0, count));
        return count;
    }

    public void Join(IpAddress group)
    {
        // Has no groups.
    }

    public void AttachWaker(IWaker waker)
    {
        // Is polled.
    }

    public bool TryArm() => _count == 0;

    public void Dispose()
    {
        // Holds nothing.
    }
}
