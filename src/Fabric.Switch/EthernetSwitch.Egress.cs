using System.Numerics;
using System.Runtime.CompilerServices;
using Fabric.Link;

namespace Fabric.Switch;

// The way out: which ports, and their share of the burst (stages 6 to 8 of the essay in EthernetSwitch.cs).
public sealed partial class EthernetSwitch
{
    private readonly Frame[] _gathered = new Frame[IPort.MaxBurst];
    private readonly OffloadCompleter _completer = new();

    // The ports that frames of the present burst leave by: the first so many.
    private SwitchPort[] _leavingPorts = [];
    private int _leavingCount;

    private void Forward(ref Burst burst)
    {
        if (_restricted)
            RestrictForwarded(ref burst);
        if (burst.Flooded != 0)
            MarkFlooded(ref burst);
        if (_filtered)
            FilterEgress(ref burst);
        TransmitMarked(ref burst);
        Counters.AddForwarded(BitOperations.PopCount(burst.Forwarded));
        Counters.AddFlooded(BitOperations.PopCount(burst.Flooded));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void MarkLeaving(SwitchPort port, uint frames)
    {
        if (port.Leaving == 0)
            _leavingPorts[_leavingCount++] = port;
        port.Leaving |= frames;
    }

    // A known station stands behind one port; what may not leave there goes nowhere.
    private void RestrictForwarded(ref Burst burst)
    {
        int kept = 0;
        for (int i = 0; i < _leavingCount; i++)
        {
            SwitchPort port = _leavingPorts[i];
            if (!port.CanSend)
                Restrict(ref burst, port, port.Leaving, port.State == PortState.Forwarding ? DropReason.PortShut : DropReason.PortState);
            else if (burst.Source.Options.IsIsolated && port.Options.IsIsolated)
                Restrict(ref burst, port, port.Leaving, DropReason.Isolated);
            else if (_vlanAware)
                Restrict(ref burst, port, port.Leaving & ~VlanMask(port.Vlan.Allowed), DropReason.VlanFiltered);
            if (port.Leaving != 0)
                _leavingPorts[kept++] = port;
        }

        _leavingCount = kept;
    }

    private void Restrict(ref Burst burst, SwitchPort port, uint frames, DropReason reason)
    {
        port.Leaving &= ~frames;
        Drop(ref burst, frames, reason);
    }

    private void MarkFlooded(ref Burst burst)
    {
        uint reached = 0;
        bool restricted = _restricted || burst.Reserved != 0 || _snooper is not null;
        foreach (SwitchPort? port in _ports)
        {
            if (port is null || port == burst.Source)
                continue;
            uint frames = restricted ? MayFlood(in burst, port) : burst.Flooded;
            if (frames == 0)
                continue;
            MarkLeaving(port, frames);
            reached |= frames;
        }

        uint nowhere = burst.Flooded & ~reached;
        if (_snooper is not null)
            EndUnwanted(ref burst, nowhere);
        Drop(ref burst, nowhere & burst.Flooded, DropReason.NoPort);
    }

    private uint MayFlood(in Burst burst, SwitchPort port)
    {
        if (!port.CanSend || (burst.Source.Options.IsIsolated && port.Options.IsIsolated))
            return 0;
        uint frames = port.Options.ForwardReserved ? burst.Flooded : burst.Flooded & ~burst.Reserved;
        if (_snooper is not null && _toMembers != 0)
            frames &= ~NotMember(port);
        return _vlanAware ? frames & VlanMask(port.Vlan.Allowed) : frames;
    }

    private void TransmitMarked(ref Burst burst)
    {
        uint lost = 0;
        ReadOnlySpan<Frame> frames = _inspecting ? _stable.AsSpan(0, burst.Frames.Length) : burst.Frames;
        for (int i = 0; i < _leavingCount; i++)
        {
            SwitchPort port = _leavingPorts[i];
            if (port.Leaving == 0)
                continue;
            ReadOnlySpan<Frame> chosen = _vlanAware ? GatherTagged(port.Vlan, port.Leaving) : Gather(frames, port.Leaving);
            if (_watched)
                WatchTransmitted(port, chosen, port.Leaving);
            if (!burst.IsUnfinished)
            {
                port.Port.Transmit(chosen);
            }
            else if (_completer.Transmit(port.Port, chosen) is var bad and not 0)
            {
                port.Lost = Spread(bad, port.Leaving);
                lost |= port.Lost;
            }
        }

        if (lost != 0)
            SettleLost(ref burst, lost, DropReason.BadOffload);
        foreach (SwitchPort port in _leavingPorts.AsSpan(0, _leavingCount))
            port.Leaving = 0;
        _leavingCount = 0;
    }

    // A frame is dropped when its last copy is; a copy that is lost while others leave is counted as that.
    private void SettleLost(ref Burst burst, uint lost, DropReason reason)
    {
        uint left = 0;
        foreach (SwitchPort port in _leavingPorts.AsSpan(0, _leavingCount))
        {
            port.Leaving &= ~port.Lost;
            left |= port.Leaving;
        }

        int copies = 0;
        foreach (SwitchPort port in _leavingPorts.AsSpan(0, _leavingCount))
        {
            copies += BitOperations.PopCount(port.Lost & left);
            if (_watched)
                WatchDrops(port.Port, FrameDirection.Transmitted, burst.Frames, port.Lost & left, reason);
            port.Lost = 0;
        }

        Counters.AddCopyDrops(reason, copies);
        Drop(ref burst, lost & ~left, reason);
    }

    // Bit n of a mask over some frames becomes the bit of the n-th of them.
    private static uint Spread(uint bits, uint over)
    {
        uint spread = 0;
        for (; over != 0; over &= over - 1, bits >>= 1)
            spread |= (bits & 1) * (over & (0 - over));
        return spread;
    }

    private ReadOnlySpan<Frame> Gather(ReadOnlySpan<Frame> frames, uint chosen)
    {
        if (BitOperations.PopCount(chosen) == frames.Length)
            return frames;
        int count = 0;
        for (; chosen != 0; chosen &= chosen - 1)
            _gathered[count++] = frames[BitOperations.TrailingZeroCount(chosen)];
        return _gathered.AsSpan(0, count);
    }
}
