using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Link.Bonding;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.Overlay;

/// <summary>The way out of a VTEP: from the frames of a switch to the datagrams of the underlay.</summary>
/// <remarks>A burst is gone through three times: its heads are copied and checked; all its destinations are looked up under one lock; each
/// frame is made into datagrams. Those are views: a head in a place of this object, which has the VXLAN header too, and the rest of the
/// frame wherever it lies. They leave when the burst is through, or there is no room: as late as can be, so that segments of several
/// super-frames leave together.</remarks>
internal sealed unsafe partial class Encapsulator : IDisposable
{
    private const int MaxBurst = IPort.MaxBurst;
    private const int Header = VxlanView.HeaderLength;
    private const int TagLength = 4;
    private const int AddressesLength = 2 * MacAddress.Length;

    // Enough of a frame to find its flow, to answer a neighbour solicitation, and for all of a small one.
    private const int HeadLength = 128;

    // Room for a tag's worth of shifting, and for the headers of a segment that OffloadCompleter made.
    private const int Place = 320;
    private const int HeadOffset = 16;
    private const int MostFinished = IUnderlay.MaxBurst;
    private const int MostPieces = 4096;
    private const int MostPiecesEach = 64;
    private const int Completers = 4;
    private const int Flooded = -1;
    private const int Dropped = -2;

    private readonly Vtep _vtep;
    private readonly ulong _seed;
    private readonly Lock _transmit = new();
    private readonly byte[] _places = GC.AllocateUninitializedArray<byte>((MaxBurst + MostFinished) * Place, pinned: true);
    private readonly FrameSegment[] _pieces = GC.AllocateUninitializedArray<FrameSegment>(MostPieces, pinned: true);
    private readonly TunnelDatagram[] _datagrams = new TunnelDatagram[IUnderlay.MaxBurst];
    private readonly int[] _targets = new int[MaxBurst];

    // What one has made stays valid until its next frame: they take turns.
    private readonly OffloadCompleter[] _completers = [.. Enumerable.Range(0, Completers).Select(_ => new OffloadCompleter())];
    private readonly FinishedEnd _finished;
    private byte[] _copy = [];
    private RemoteVtep[] _remotes = [];
    private int _pieceCount;
    private int _finishedCount;
    private int _completer;
    private int _completersInUse;
    private int _datagramCount;
    private int _queued;
    private int _left;
    private long _bytes;
    private bool _closed;

    internal Encapsulator(Vtep vtep, ulong seed)
    {
        _vtep = vtep;
        _seed = seed;
        _finished = new FinishedEnd(this);
    }

    /// <summary>Sends what a switch gives to a segment.</summary>
    /// <returns>Number of frames that left, to one VTEP at least.</returns>
    internal int Transmit(VxlanPort port, ReadOnlySpan<Frame> frames)
    {
        lock (_transmit)
        {
            if (_closed || !port.IsUp)
            {
                port.Counters.AddTransmitDrops(DropReason.LinkDown, frames.Length);
                return 0;
            }

            _queued = _left = 0;
            _bytes = 0;
            int accepted = 0;
            for (; frames.Length > MaxBurst; frames = frames[MaxBurst..])
                accepted += TransmitBurst(port, frames[..MaxBurst]);
            accepted += TransmitBurst(port, frames);
            port.Counters.AddTransmitted(_left, _bytes - ((long)_left * Header));
            return Math.Clamp(accepted - (_queued - _left), 0, accepted);
        }
    }

    /// <summary>Sends nothing any more.</summary>
    public void Dispose()
    {
        lock (_transmit)
        {
            _closed = true;
        }
    }

    private int TransmitBurst(VxlanPort port, ReadOnlySpan<Frame> frames)
    {
        Span<int> targets = _targets.AsSpan(0, frames.Length);
        for (int i = 0; i < frames.Length; i++)
            targets[i] = Inspect(port, in frames[i], i) ? Flooded : Dropped;
        lock (_vtep.Tables)
        {
            _remotes = _vtep.Remotes;
            port.Stations.SetTime(_vtep.Seconds());
            for (int i = 0; i < targets.Length; i++)
            {
                if (targets[i] != Dropped)
                    targets[i] = ResolveLocked(port, At(i) + HeadOffset, Math.Min(frames[i].Length, HeadLength));
            }
        }

        int accepted = 0;
        _finishedCount = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            if (targets[i] != Dropped && Encapsulate(port, in frames[i], i))
                accepted++;
        }

        Flush(port);
        return accepted;
    }

    /// <summary>Copies a frame's head, and checks what can be told without tables.</summary>
    private bool Inspect(VxlanPort port, in Frame frame, int index)
    {
        if (frame.Length is < EthernetView.MinHeaderLength or > Frame.MaxLength)
            return Drop(port, frame.Length > Frame.MaxLength ? DropReason.Oversized : DropReason.Truncated);
        if (!frame.Offload.IsConsistent(frame.Length))
            return Drop(port, DropReason.BadOffload);
        Span<byte> head = new(At(index) + HeadOffset, HeadLength);
        ReadOnlySpan<byte> first = frame.Head;
        if (first.Length >= HeadLength)
            first[..HeadLength].CopyTo(head);
        else if (first.Length == frame.Length)
            first.CopyTo(head);
        else
            frame.CopyTo(0, head);
        if ((head[MacAddress.Length] & 1) != 0)
            return Drop(port, DropReason.GroupSource);
        if (port.Options.Tags == InnerTags.Refused && IsTag(TypeAt(head)))
            return Drop(port, DropReason.VlanFiltered);
        return true;
    }

    private int ResolveLocked(VxlanPort port, byte* head, int length)
    {
        ulong addresses = Unsafe.ReadUnaligned<ulong>(head);
        ulong destination = addresses & 0xFFFF_FFFF_FFFF;
        ulong source = (addresses >> 48) | ((ulong)Unsafe.ReadUnaligned<uint>(head + 8) << 16);
        if (!port.Stations.TryUseHere(source))
        {
            Drop(port, DropReason.SecurityViolation);
            return Dropped;
        }

        bool isGroup = (destination & 1) != 0;
        int remote = isGroup ? -1 : port.Stations.Find(destination);
        if (remote >= 0)
            return remote;
        if (isGroup && port.Neighbors is { } neighbors && neighbors.TryAnswerLocked(new ReadOnlySpan<byte>(head, length)))
            return Dropped;
        return MayFloodLocked(port, isGroup) ? Flooded : Dropped;
    }

    private bool MayFloodLocked(VxlanPort port, bool isGroup)
    {
        if (port.Flood.Length == 0)
            return Drop(port, DropReason.NoPort);
        if (port.Options.FloodLimit != 0)
        {
            port.FloodBucket.Refill(_vtep.Ticks());
            if (!port.FloodBucket.TryTake(1))
                return Drop(port, DropReason.StormControl);
        }

        port.Events.AddFlooded(port.Flood.Length);
        if (!isGroup)
            port.Events.AddUnknownUnicast();
        return true;
    }

    private bool Encapsulate(VxlanPort port, in Frame frame, int index)
    {
        _isTooBig = false;
        ushort sourcePort = SourcePort(new ReadOnlySpan<byte>(At(index) + HeadOffset, Math.Min(frame.Length, HeadLength)));
        if (frame.Offload.IsNone || TryComplete(in frame, index))
            return Append(port, in frame, index, _targets[index], sourcePort, isCopied: true);
        if (TryCut(port, in frame, index, sourcePort))
            return true;

        if (_completersInUse == Completers)
            Flush(port);
        _completersInUse++;
        _completer = (_completer + 1) % Completers;
        _finished.Begin(port, _targets[index], sourcePort);
        if (_completers[_completer].Transmit(_finished, new ReadOnlySpan<Frame>(in frame)) != 0)
            return Drop(port, DropReason.BadOffload);
        return _finished.Accepted;
    }

    /// <summary>Makes a finished frame into datagrams.</summary>
    /// <param name="port">Its segment.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="place">Which place is for its head.</param>
    /// <param name="target">Index of a VTEP, or <see cref="Flooded"/>.</param>
    /// <param name="sourcePort">That of its flow.</param>
    /// <param name="isCopied">Whether the place has its head already.</param>
    private bool Append(VxlanPort port, in Frame frame, int place, int target, ushort sourcePort, bool isCopied)
    {
        byte* head = At(place) + HeadOffset;
        int copied = isCopied ? Math.Min(frame.Length, HeadLength) : frame.Head.Length;
        int offset = copied;
        if (!isCopied)
            frame.Head.CopyTo(new Span<byte>(head, Place - HeadOffset));
        Span<byte> start = new(head, copied);
        int network = EthernetView.MinHeaderLength;
        if (IsTag(TypeAt(start)))
        {
            network += TagLength;
            if (port.Options.Tags != InnerTags.Carried)
            {
                if (frame.Length < network)
                    return Drop(port, DropReason.Truncated);
                StripTag(ref head, ref copied);
            }
        }

        if (_isTooBig || frame.Length - network > port.Mtu)
            return RefuseTooBig(port, in frame, target);
        if (MssClamp.IsWanted(head, copied))
            LowerSegmentSize(port, in frame, At(place) + Place, head, ref copied, ref offset);
        int rest = AddRest(port, in frame, offset);
        VxlanView.Write(new Span<byte>(head - Header, Header), port.Vni);
        int count = _pieceCount - rest;
        int length = Header + frame.Length - (offset - copied);
        // SAFETY: the places and pieces are pinned and stay as they are until the datagrams have left.
        Frame payload = new(head - Header, Header + copied, (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, rest), count, length, default);
        QueueFor(port, target, sourcePort, in payload);
        return true;
    }

    /// <summary>Moves the addresses over the outermost tag.</summary>
    private static void StripTag(ref byte* head, ref int copied)
    {
        ulong first = Unsafe.ReadUnaligned<ulong>(head);
        uint second = Unsafe.ReadUnaligned<uint>(head + sizeof(ulong));
        head += TagLength;
        copied -= TagLength;
        Unsafe.WriteUnaligned(head, first);
        Unsafe.WriteUnaligned(head + sizeof(ulong), second);
    }

    /// <summary>Adds the pieces of a frame behind its first bytes.</summary>
    /// <returns>Index of the first piece.</returns>
    private int AddRest(VxlanPort port, in Frame frame, int offset)
    {
        if (frame.Rest.Length >= MostPiecesEach)
            return AddCopy(port, in frame, offset);
        if (_pieceCount + MostPiecesEach > MostPieces)
            Flush(port);
        int first = _pieceCount;
        if (offset == frame.Length)
            return first;
        fixed (byte* head = frame.Head)
        {
            // SAFETY: the frame's memory stays where it is during the call.
            if (frame.Head.Length > offset)
                _pieces[_pieceCount++] = new FrameSegment((nint)(head + offset), frame.Head.Length - offset);
        }

        offset = Math.Max(0, offset - frame.Head.Length);
        foreach (FrameSegment segment in frame.Rest)
        {
            if (segment.Length > offset)
                _pieces[_pieceCount++] = new FrameSegment(segment.Address + offset, segment.Length - offset);
            offset = Math.Max(0, offset - segment.Length);
        }

        return first;
    }

    // Only a guest that takes care to cut its frames to shreds comes here.
    private int AddCopy(VxlanPort port, in Frame frame, int offset)
    {
        Flush(port);
        if (_copy.Length == 0)
            _copy = GC.AllocateUninitializedArray<byte>(Frame.MaxLength, pinned: true);
        frame.CopyTo(offset, _copy);
        // SAFETY: the copy is pinned. Who uses it next flushes first.
        _pieces[0] = new FrameSegment(Marshal.UnsafeAddrOfPinnedArrayElement(_copy, 0), frame.Length - offset);
        _pieceCount = 1;
        return 0;
    }

    private void Queue(VxlanPort port, in TunnelDatagram datagram)
    {
        if (_datagramCount == _datagrams.Length)
            Leave(port);
        _datagrams[_datagramCount++] = datagram;
    }

    /// <summary>Sends what waits; no piece is in use then, and no completer but perhaps the present one.</summary>
    private void Flush(VxlanPort port)
    {
        Leave(port);
        _pieceCount = 0;
        _completersInUse = 1;
    }

    private void Leave(VxlanPort port)
    {
        if (_datagramCount == 0)
            return;
        if (!_vtep.Outside.Observers.IsEmpty)
            _vtep.Outside.ShowTransmitted(port, _datagrams.AsSpan(0, _datagramCount));
        int left = _vtep.Underlay.Send(_datagrams.AsSpan(0, _datagramCount), port.Counters, out long bytes);
        if (left < _datagramCount)
            port.AskAgain();
        _left += left;
        _bytes += bytes;
        _queued += _datagramCount;
        _datagramCount = 0;
    }

    private ushort SourcePort(ReadOnlySpan<byte> head) =>
        (ushort)(TunnelDatagram.FirstSourcePort + (FlowHash.Of(head, BondHash.Layer3And4, _seed) & (TunnelDatagram.SourcePorts - 1)));

    private static bool Drop(VxlanPort port, DropReason reason)
    {
        port.Counters.AddTransmitDrops(reason);
        return false;
    }

    private static bool IsTag(EtherType type) => type is EtherType.CustomerVlan or EtherType.ServiceVlan;

    private static EtherType TypeAt(ReadOnlySpan<byte> head) => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(head[AddressesLength..]);

    // SAFETY: the array is pinned, and an index below twice a burst has its place.
    private byte* At(int place) => (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_places, place * Place);
}
