using System.Numerics;
using Fabric.Link;
using Fabric.Switch.Mirrors;
using Fabric.Switch.Policing;
using Fabric.Switch.Vlans;

namespace Fabric.Switch;

/// <summary>What the switch knows about an attached port. Everything but <see cref="LinkChanged"/> under the switch's lock.</summary>
internal sealed class SwitchPort : ILinkWatcher
{
    private static readonly DropReason[] Reasons = Enum.GetValues<DropReason>();
    private readonly long[] _drops = new long[Reasons.Length];
    private readonly EthernetSwitch _owner;
    private TokenBucket _police;
    private int _linkChanged;

    internal SwitchPort(EthernetSwitch owner, IPort port, int index)
    {
        _owner = owner;
        Port = port;
        Index = index;
    }

    internal IPort Port { get; }

    /// <summary>Its place in the switch's port table.</summary>
    internal int Index { get; }

    /// <summary>Addresses in the table that were learned here and may move or age.</summary>
    internal int Entries { get; set; }

    /// <summary>Addresses in the table that belong here for good.</summary>
    internal int FixedEntries { get; set; }

    /// <summary>Frames of the present burst that leave here: bit n is frame n. Zero between bursts.</summary>
    internal uint Leaving { get; set; }

    /// <summary>The part of what was to leave that did not, of the present burst.</summary>
    internal uint Lost { get; set; }

    internal PortOptions Options { get; private set; } = PortOptions.Plain;

    /// <summary>The VLANs, with the default for a port that has none.</summary>
    internal PortVlan Vlan { get; private set; } = PortVlan.Default;

    /// <summary>The mirrors that name this port.</summary>
    internal Mirror[] Mirrors { get; set; } = [];

    internal StormControl? Storm { get; private set; }

    internal PortState State { get; private set; } = PortState.Forwarding;

    internal bool IsShut { get; private set; }

    /// <summary>The port only takes the copies of a mirror.</summary>
    internal bool IsMirrorTarget { get; private set; }

    /// <summary>What to look at in frames from here.</summary>
    internal IngressChecks Checks { get; private set; }

    /// <summary>Ordinary frames may leave here.</summary>
    internal bool CanSend { get; private set; } = true;

    /// <summary>Frames dropped because of their source.</summary>
    internal long Violations { get; set; }

    /// <summary>Something about the port keeps frames from leaving by it that would leave by a plain one.</summary>
    internal bool IsRestricted => !CanSend || Options.IsIsolated;

    /// <inheritdoc/>
    public void LinkChanged(IPort port, bool isUp)
    {
        Interlocked.Exchange(ref _linkChanged, 1);
        _owner.NoticeLinks();
    }

    /// <summary>Tells once after each change.</summary>
    internal bool TakeLinkChanged() => Interlocked.Exchange(ref _linkChanged, 0) != 0;

    internal void AddDrops(DropReason reason, long frames) => _drops[(int)reason] += frames;

    internal Dictionary<DropReason, long> Drops() =>
        Reasons.Where(reason => _drops[(int)reason] != 0).ToDictionary(reason => reason, reason => _drops[(int)reason]);

    internal void Configure(PortOptions options, long frequency, long now)
    {
        Options = options;
        Vlan = options.Vlan ?? PortVlan.Default;
        _police = options.Police?.ToBucket(frequency, now) ?? default;
        Storm = options.Storm is { } limits ? new StormControl(limits, frequency, now) : null;
        Recompute();
    }

    internal void SetState(PortState state)
    {
        State = state;
        Recompute();
    }

    internal void SetShut(bool isShut)
    {
        IsShut = isShut;
        Recompute();
    }

    internal void SetMirrorTarget(bool isTarget)
    {
        IsMirrorTarget = isTarget;
        Recompute();
    }

    /// <summary>Takes the tokens for frames that came in.</summary>
    /// <param name="frames">The burst.</param>
    /// <param name="chosen">Which of it.</param>
    /// <param name="now">Time in ticks.</param>
    /// <returns>Those for which there were none.</returns>
    internal uint Police(ReadOnlySpan<Frame> frames, uint chosen, long now)
    {
        uint exceeding = 0;
        _police.Refill(now);
        for (; chosen != 0; chosen &= chosen - 1)
        {
            uint bit = chosen & (0 - chosen);
            if (!_police.TryTake(frames[BitOperations.TrailingZeroCount(bit)].Length * 8.0))
                exceeding |= bit;
        }

        return exceeding;
    }

    private void Recompute()
    {
        CanSend = State == PortState.Forwarding && !IsShut && !IsMirrorTarget;
        bool limited = !Options.Learns || Options.MaxAddresses != 0 || Options.Security is not null;
        Checks = (CanSend ? IngressChecks.None : IngressChecks.State)
            | (Options.Police is null ? IngressChecks.None : IngressChecks.Police)
            | (limited ? IngressChecks.Addresses : IngressChecks.None)
            | (Storm is null ? IngressChecks.None : IngressChecks.Storm);
    }
}
