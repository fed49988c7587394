using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using Fabric.Link;
using Fabric.Link.Stations;
using Fabric.Wire;

namespace Fabric.Switch;

// The way in: reading, checking, learning, looking up (stages 1 to 5 of the essay in EthernetSwitch.cs).
public sealed partial class EthernetSwitch
{
    private const ulong AddressMask = 0xFFFF_FFFF_FFFF;
    private const ulong ReservedMask = 0xF0FF_FFFF_FFFF;
    private const ulong ReservedGroup = 0x0000_00C2_8001;

    // Of the present burst: addresses as in MacAddress.Bits; with the VLAN above them (StationTable.Key) once it is known.
    private readonly ulong[] _destinations = new ulong[IPort.MaxBurst];
    private readonly ulong[] _sources = new ulong[IPort.MaxBurst];

    /// <inheritdoc/>
    public void Accept(IPort port, ReadOnlySpan<Frame> frames)
    {
        lock (_gate)
        {
            if (_linksPending)
                ProcessLinksLocked();
            if (!ReferenceEquals(port, _lastSource?.Port) && !_byPort.TryGetValue(port, out _lastSource))
            {
                Counters.AddReceived(frames.Length);
                Counters.AddDrops(DropReason.NoPort, frames.Length);
                return;
            }

            for (; frames.Length > IPort.MaxBurst; frames = frames[IPort.MaxBurst..])
                AcceptLocked(_lastSource!, frames[..IPort.MaxBurst]);
            AcceptLocked(_lastSource!, frames);
        }
    }

    private void AcceptLocked(SwitchPort source, ReadOnlySpan<Frame> frames)
    {
        _ticks = _time.GetTimestamp() - _epoch;
        _addresses.SetTime(SecondsLocked());
        Counters.AddReceived(frames.Length);
        Burst burst = new() { Source = source, Frames = frames };
        if (_watched)
            ObserveReceived(in burst);
        ReadAddresses(ref burst);
        if (source.Mirrors.Length != 0)
            MirrorReceived(in burst);
        if (burst.Reserved != 0)
            TakeReserved(ref burst);
        if ((source.Checks & IngressChecks.State) != 0)
            CheckState(ref burst);
        if (_inspecting)
            Inspect(ref burst);
        if ((source.Checks & IngressChecks.Police) != 0)
            Drop(ref burst, source.Police(burst.Frames, burst.Alive, _ticks), DropReason.Policed);
        Learn(ref burst);
        if ((source.Checks & IngressChecks.State) != 0)
            Drop(ref burst, burst.Alive, DropReason.PortState);
        if (burst.Alive == 0)
            return;
        LookUp(ref burst);
        if (_snooper is { } snooper)
            Snoop(ref burst, snooper);
        Forward(ref burst);
    }

    private void ReadAddresses(ref Burst burst)
    {
        ReadOnlySpan<Frame> frames = burst.Frames;
        uint alive = 0;
        for (int i = 0; i < frames.Length; i++)
        {
            ref readonly Frame frame = ref frames[i];
            ReadOnlySpan<byte> head = frame.Head;
            if (frame.Length is < HeaderLength or > Frame.MaxLength || head.Length < HeaderLength)
            {
                if (!TryReadPieces(ref burst, i))
                    continue;
            }
            else
            {
                _destinations[i] = BinaryPrimitives.ReadUInt64LittleEndian(head) & AddressMask;
                _sources[i] = BinaryPrimitives.ReadUInt64LittleEndian(head[MacAddress.Length..]) & AddressMask;
            }

            uint bit = 1U << i;
            ulong source = _sources[i];
            ulong destination = _destinations[i];
            FrameOffload offload = frame.Offload;
            if ((source & 1) != 0)
            {
                Drop(ref burst, bit, DropReason.GroupSource);
                continue;
            }

            if (!offload.IsNone)
            {
                if (!offload.IsConsistent(frame.Length))
                {
                    Drop(ref burst, bit, DropReason.BadOffload);
                    continue;
                }

                burst.IsUnfinished = true;
            }

            _table.Prefetch(source);
            alive |= bit;
            if ((destination & 1) == 0)
            {
                _table.Prefetch(destination);
                continue;
            }

            burst.Groups |= bit;
            if ((destination & ReservedMask) == ReservedGroup)
                burst.Reserved |= bit;
        }

        burst.Alive = alive;
    }

    // The rare frames: too short, too long, or with a header in pieces.
    private bool TryReadPieces(ref Burst burst, int i)
    {
        ref readonly Frame frame = ref burst.Frames[i];
        if (frame.Length is < HeaderLength or > Frame.MaxLength)
        {
            Drop(ref burst, 1U << i, frame.Length < HeaderLength ? DropReason.Truncated : DropReason.Oversized);
            return false;
        }

        Span<byte> header = stackalloc byte[HeaderLength];
        if (frame.CopyTo(0, header) != HeaderLength)
        {
            Drop(ref burst, 1U << i, DropReason.Truncated);
            return false;
        }

        _destinations[i] = MacAddress.Read(header).Bits;
        _sources[i] = MacAddress.Read(header[MacAddress.Length..]).Bits;
        return true;
    }

    // What is addressed to the other end of the cable goes to a protocol, or through where both ports are to be like a cable.
    private void TakeReserved(ref Burst burst)
    {
        uint others = burst.Reserved;
        if (_protocols.Length != 0 && !burst.Source.IsShut)
        {
            for (uint left = burst.Reserved; left != 0; left &= left - 1)
            {
                int i = BitOperations.TrailingZeroCount(left);
                if (!TryGiveToProtocol(burst.Source, in burst.Frames[i]))
                    continue;
                others &= ~(1U << i);
                burst.Alive &= ~(1U << i);
                Counters.AddConsumed(1);
            }
        }

        burst.Reserved = others;
        if (!burst.Source.Options.ForwardReserved)
            Drop(ref burst, others, DropReason.ReservedGroup);
    }

    private void CheckState(ref Burst burst)
    {
        SwitchPort source = burst.Source;
        if (source.IsShut || source.IsMirrorTarget)
            Drop(ref burst, burst.Alive, DropReason.PortShut);
        else if (source.State == PortState.Discarding)
            Drop(ref burst, burst.Alive, DropReason.PortState);
    }

    private void Learn(ref Burst burst)
    {
        SwitchPort source = burst.Source;
        uint violations = 0;
        bool limited = (source.Checks & IngressChecks.Addresses) != 0;
        for (uint left = burst.Alive; left != 0; left &= left - 1)
        {
            ulong key = _sources[BitOperations.TrailingZeroCount(left)];
            bool allowed = limited ? _addresses.TryLearnLimited(source, key) : _addresses.TryLearn(source, key);
            if (!allowed)
                violations |= left & (0 - left);
        }

        if (violations != 0)
            Violate(ref burst, violations);
    }

    private void Violate(ref Burst burst, uint violations)
    {
        burst.Source.Violations += BitOperations.PopCount(violations);
        Drop(ref burst, violations, DropReason.SecurityViolation);
        if (burst.Source.Options.Security is not { OnViolation: ViolationAction.Shut })
            return;
        SetShutLocked(burst.Source, true);
        Drop(ref burst, burst.Alive, DropReason.PortShut);
    }

    private void LookUp(ref Burst burst)
    {
        burst.Flooded = burst.Alive & burst.Groups;
        uint unknown = 0;
        uint samePort = 0;
        for (uint left = burst.Alive & ~burst.Groups; left != 0; left &= left - 1)
        {
            uint bit = left & (0 - left);
            ref StationTable.Slot slot = ref _table.Find(_destinations[BitOperations.TrailingZeroCount(left)]);
            if (Unsafe.IsNullRef(ref slot))
            {
                unknown |= bit;
            }
            else if (slot.Place == burst.Source.Index)
            {
                samePort |= bit;
            }
            else
            {
                MarkLeaving(_ports[slot.Place]!, bit);
                burst.Forwarded |= bit;
            }
        }

        if (samePort != 0)
            Drop(ref burst, samePort, DropReason.SamePort);
        if (unknown != 0)
            Counters.AddUnknownUnicast(BitOperations.PopCount(unknown));
        burst.Flooded |= unknown;
        if (burst.Flooded != 0 && burst.Source.Storm is { } storm)
            Drop(ref burst, storm.Filter(burst.Frames, _destinations, burst.Flooded, _ticks), DropReason.StormControl);
    }

    /// <summary>Takes frames out of a burst and counts why.</summary>
    private void Drop(ref Burst burst, uint frames, DropReason reason)
    {
        if (frames == 0)
            return;
        burst.Alive &= ~frames;
        burst.Reserved &= ~frames;
        burst.Forwarded &= ~frames;
        burst.Flooded &= ~frames;
        int count = BitOperations.PopCount(frames);
        Counters.AddDrops(reason, count);
        burst.Source.AddDrops(reason, count);
        if (_watched)
            WatchDrops(burst.Source.Port, FrameDirection.Received, burst.Frames, frames, reason);
    }
}
