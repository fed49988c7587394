using System.Numerics;
using Fabric.Link;
using Fabric.Switch.Mirrors;

namespace Fabric.Switch;

// Those who look on: observers (captures) and mirrors. None costs anything while there is none.
public sealed partial class EthernetSwitch
{
    private readonly Frame[] _copied = new Frame[IPort.MaxBurst];
    private Observation[] _observations = [];
    private Mirror[] _mirrors = [];

    // Somebody looks at frames: an observer or a mirror.
    private bool _watched;

    /// <summary>Shows the frames of a port, or of all, to an observer from the next burst on.</summary>
    /// <param name="observer">Called under the switch's lock; stays the caller's.</param>
    /// <param name="port">The port; null for all.</param>
    public void AddObserver(IFrameObserver observer, IPort? port = null)
    {
        lock (_gate)
        {
            _observations = [.. _observations, new Observation(observer, port)];
            RecomputeLocked();
        }
    }

    /// <summary>Stops showing frames to an observer. When this returns it is not called any more.</summary>
    /// <param name="observer">The observer.</param>
    /// <param name="port">As it was added.</param>
    /// <returns>False when it was not there.</returns>
    public bool RemoveObserver(IFrameObserver observer, IPort? port = null)
    {
        lock (_gate)
        {
            int index = Array.IndexOf(_observations, new Observation(observer, port));
            if (index < 0)
                return false;
            _observations = [.. _observations[..index], .. _observations[(index + 1)..]];
            RecomputeLocked();
            return true;
        }
    }

    /// <summary>Says what is mirrored, in place of what was. A port of a session that is not attached counts from when it is.</summary>
    /// <param name="sessions">All sessions; none to mirror nothing.</param>
    /// <exception cref="SwitchException">A session has no target or two, or its target is one of its sources.</exception>
    public void SetMirrors(IReadOnlyList<MirrorSession> sessions)
    {
        foreach (MirrorSession session in sessions)
        {
            if (session.ToPort is null == session.ToObserver is null)
                throw new SwitchException($"mirror {session.Name} of switch {Name} needs one target: a port or an observer");
            if (session.ToPort is { } target && sessions.Any(other => other.Ports.Contains(target)))
                throw new SwitchException($"mirror {session.Name} of switch {Name} goes to port {target.Name}, which is mirrored itself: take it out of the sources");
        }

        lock (_gate)
        {
            SetMirrorsLocked([.. sessions]);
        }
    }

    private void SetMirrorsLocked(MirrorSession[] sessions)
    {
        _mirrors = [.. sessions.Select(session => new Mirror(session, session.ToPort is { } target && _byPort.ContainsKey(target) ? target : null))];
        foreach (SwitchPort port in _byPort.Values)
        {
            port.SetMirrorTarget(sessions.Any(session => ReferenceEquals(session.ToPort, port.Port)));
            port.Mirrors = [.. _mirrors.Where(mirror => mirror.Session.Ports.Contains(port.Port))];
        }

        RecomputeLocked();
    }

    // Ports have come or gone.
    private void RefreshMirrorsLocked()
    {
        if (_mirrors.Length != 0)
            SetMirrorsLocked([.. _mirrors.Select(mirror => mirror.Session)]);
    }

    private void ObserveReceived(in Burst burst)
    {
        IPort port = burst.Source.Port;
        foreach (Observation observation in _observations)
        {
            if (observation.Port is null || ReferenceEquals(observation.Port, port))
                observation.Observer.Observe(port, FrameDirection.Received, burst.Frames);
        }
    }

    private void MirrorReceived(in Burst burst)
    {
        foreach (Mirror mirror in burst.Source.Mirrors)
        {
            if (mirror.Takes(MirrorDirection.Received))
                mirror.Copy(burst.Source.Port, FrameDirection.Received, Pick(burst.Frames, burst.Alive), _completer);
        }
    }

    private void MirrorVlans(in Burst burst)
    {
        foreach (Mirror mirror in _mirrors)
        {
            if (mirror.Session.Vlans is { } vlans && mirror.Takes(MirrorDirection.Received))
                mirror.Copy(burst.Source.Port, FrameDirection.Received, Pick(burst.Frames, burst.Alive & VlanMask(vlans)), _completer);
        }
    }

    private void MirrorRules(in Burst burst, uint frames)
    {
        foreach (Mirror mirror in _mirrors)
        {
            if (mirror.Session.TakesRules)
                mirror.Copy(burst.Source.Port, FrameDirection.Received, Pick(burst.Frames, frames), _completer);
        }
    }

    // The frames have the form in which they leave; mask tells which of the burst they are.
    private void WatchTransmitted(SwitchPort port, ReadOnlySpan<Frame> frames, uint mask)
    {
        foreach (Observation observation in _observations)
        {
            if (observation.Port is null || ReferenceEquals(observation.Port, port.Port))
                observation.Observer.Observe(port.Port, FrameDirection.Transmitted, frames);
        }

        foreach (Mirror mirror in port.Mirrors)
        {
            if (mirror.Takes(MirrorDirection.Transmitted))
                mirror.Copy(port.Port, FrameDirection.Transmitted, frames, _completer);
        }

        foreach (Mirror mirror in _mirrors)
        {
            if (_vlanAware && mirror.Session.Vlans is { } vlans && mirror.Takes(MirrorDirection.Transmitted))
                mirror.Copy(port.Port, FrameDirection.Transmitted, Pick(frames, Compress(mask & VlanMask(vlans), mask)), _completer);
        }
    }

    private void WatchDrops(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames, uint dropped, DropReason reason)
    {
        foreach (Observation observation in _observations)
        {
            if (observation.Port is not null && !ReferenceEquals(observation.Port, port))
                continue;
            for (uint left = dropped; left != 0; left &= left - 1)
                observation.Observer.ObserveDrop(port, direction, in frames[BitOperations.TrailingZeroCount(left)], reason);
        }
    }

    private ReadOnlySpan<Frame> Pick(ReadOnlySpan<Frame> frames, uint chosen)
    {
        int count = 0;
        for (; chosen != 0; chosen &= chosen - 1)
            _copied[count++] = frames[BitOperations.TrailingZeroCount(chosen)];
        return _copied.AsSpan(0, count);
    }

    // The opposite of Spread: the bit of the n-th frame of a mask becomes bit n.
    private static uint Compress(uint bits, uint over)
    {
        uint compressed = 0;
        for (int n = 0; over != 0; over &= over - 1, n++)
            compressed |= (bits & over & (0 - over)) != 0 ? 1U << n : 0;
        return compressed;
    }

    private readonly record struct Observation(IFrameObserver Observer, IPort? Port);
}
