using System.Numerics;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Routing.Fib;
using Fabric.Routing.Neighbors;

namespace Fabric.Routing.Forwarding;

// The path of a burst
//
//   sort     Each frame's headers are copied into a slot of the path's own, for a guest may change the frame meanwhile; Ethernet and IP
//            header are checked there. What is for the router itself, or is wrong, leaves here.
//            Most packets are plain, and are known to be by a few comparisons (PortPath.Plain.cs).
//   look up  The destinations of all that are left, one behind the other, so that their cache misses overlap.
//   turn     Next hop, hop limit, length, neighbour; the new headers are written over the old ones in the slot. A packet that finds the
//            way of one before it goes along: through a gateway with nothing to look up (PortPath.Ways.cs); to a station on the link, over
//            one of several equal paths or past an access list with one look at the neighbours (PortPath.Open.cs).
//   give     All packets of one interface in one call, in their order.
//
// A short packet lies in its slot as a whole; a longer one becomes two pieces, the slot and a view of the rest of the frame. A frame that
// comes in many pieces, and is longer than a slot, is put together first.

/// <summary>What one port's worker needs to forward: scratch, counters, the interfaces of the port.</summary>
/// <remarks>Used by the port's worker alone, but for <see cref="Add"/> and <see cref="Remove"/>, which the control side calls.</remarks>
internal sealed unsafe partial class PortPath
{
    /// <summary>Bytes copied of each frame: Ethernet with a tag, the longest IPv4 header, or an IPv6 header with some extensions, ports.</summary>
    private const int Copied = 128;

    /// <summary>Room in front of the IP header for the Ethernet header.</summary>
    private const int Headroom = 32;
    private const int SlotLength = Headroom + Copied;
    private const int MaxBurst = IPort.MaxBurst;
    private readonly Router _router;
    private readonly RouterControl _control;
    private readonly IPort _port;
    private readonly FrameObservers _observers;
    private readonly ForwardingTable _table;
    private readonly NeighborTable _neighbors;
    private readonly ulong _flowSeed;
    private readonly byte[] _slots = GC.AllocateArray<byte>(MaxBurst * SlotLength, pinned: true);
    private readonly byte* _slotsStart;
    private readonly FrameSegment[] _rests = GC.AllocateArray<FrameSegment>(MaxBurst, pinned: true);
    private readonly FrameSegment* _restsStart;
    private readonly PacketItem[] _items = new PacketItem[MaxBurst];
    private readonly Frame[] _out = new Frame[MaxBurst];
    private readonly LogicalInterface?[] _via = new LogicalInterface?[MaxBurst];
    private readonly Frame[] _batch = new Frame[MaxBurst];
    private LogicalInterface? _untagged;
    private LogicalInterface?[]? _vlans;
    private OffloadCompleter? _completer;
    private byte[]? _joined;
    private int _ready;

    private long _readyBytes;
    private bool _isUnfinished;

    /// <summary>What is ready leaves by more than one interface.</summary>
    private bool _isMixed;

    // Of the burst at hand: the tables as they are now, the interface whose frames are being counted.
    private LocalAddresses _local = new([]);
    private LogicalInterface?[] _links = [];
    private LogicalInterface? _counted;
    private int _countedFrames;
    private long _countedBytes;

    internal PortPath(Router router, IPort port)
    {
        _port = port;
        _observers = router.Observers;
        _router = router;
        _control = router.Control;
        _table = _control.Table;
        _neighbors = _control.Neighbors;
        _flowSeed = (ulong)_control.Options.Seed;
        // SAFETY: both arrays are pinned and live as long as this object.
        _slotsStart = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_slots, 0);
        _restsStart = (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_rests, 0);
    }

    internal Tally Tally { get; } = new();

    internal bool IsEmpty => _untagged is null && (_vlans is null || Array.TrueForAll(_vlans, link => link is null));

    internal bool HasVlan(int vlan) => Find(vlan) is not null;

    internal void Add(LogicalInterface link) => Set(link.Vlan, link);

    internal void Remove(LogicalInterface link) => Set(link.Vlan, null);

    /// <summary>Takes a burst through.</summary>
    internal void Accept(ReadOnlySpan<Frame> frames)
    {
        while (frames.Length > MaxBurst)
        {
            Accept(frames[..MaxBurst]);
            frames = frames[MaxBurst..];
        }

        Tally.AddReceived(frames.Length);
        _local = _control.Local;
        _links = _control.ByIndex;
        Span<PacketItem> items = _items.AsSpan(0, Sort(frames));
        long generation = _table.Generation;
        LookUp(items);
        Turn(items, frames, generation);
        Give();
        GiveSocket();
        CountReceived(null);
    }

    private LogicalInterface? Find(int vlan) => vlan == 0 ? Volatile.Read(ref _untagged) : Volatile.Read(ref _vlans)?[vlan];

    private void Set(int vlan, LogicalInterface? link)
    {
        if (vlan == 0)
        {
            Volatile.Write(ref _untagged, link);
            return;
        }

        LogicalInterface?[] vlans = _vlans is null ? new LogicalInterface?[4096] : [.. _vlans];
        vlans[vlan] = link;
        Volatile.Write(ref _vlans, vlans);
    }

    /// <summary>Counts what came in by an interface, once for all its frames in a row.</summary>
    private void CountReceived(LogicalInterface? next)
    {
        _counted?.CountReceived(_countedFrames, _countedBytes);
        _counted = next;
        _countedFrames = 0;
        _countedBytes = 0;
    }

    private void Give()
    {
        int ready = _ready;
        long bytes = _readyBytes;
        bool unfinished = _isUnfinished;
        _ready = 0;
        _readyBytes = 0;
        _isUnfinished = false;
        if (_isMixed)
        {
            GiveMixed(ready);
            _isMixed = false;
        }
        else if (ready != 0)
        {
            Give(_via[0]!, _out.AsSpan(0, ready), bytes, unfinished);
        }
    }

    private void GiveMixed(int ready)
    {
        for (uint left = uint.MaxValue >> (MaxBurst - ready); left != 0;)
        {
            LogicalInterface link = _via[BitOperations.TrailingZeroCount(left)]!;
            int count = 0;
            long bytes = 0;
            bool unfinished = false;
            for (uint others = left; others != 0; others &= others - 1)
            {
                int place = BitOperations.TrailingZeroCount(others);
                if (_via[place] != link)
                    continue;
                left &= ~(1U << place);
                ref readonly Frame frame = ref _out[place];
                _batch[count++] = frame;
                bytes += frame.Length;
                unfinished |= !frame.Offload.IsNone;
            }

            Give(link, _batch.AsSpan(0, count), bytes, unfinished);
        }
    }

    private void Give(LogicalInterface link, ReadOnlySpan<Frame> frames, long bytes, bool unfinished)
    {
        IPort port = link.Port!;
        int bad = 0;
        if (unfinished)
        {
            uint dropped = (_completer ??= new OffloadCompleter()).Transmit(port, frames);
            bad = BitOperations.PopCount(dropped);
            for (; dropped != 0; dropped &= dropped - 1)
                Drop(in frames[BitOperations.TrailingZeroCount(dropped)], RouterDrop.BadOffload, FrameDirection.Transmitted, port);
        }
        else
        {
            port.Transmit(frames);
        }

        link.CountSent(frames.Length - bad, bytes);
        Tally.AddForwarded(frames.Length - bad);
    }
}
