using Fabric.Wire;

namespace Fabric.Hosts.Traffic;

/// <summary>The generators of a host.</summary>
internal sealed class TrafficRuns(HostStack stack) : Timed
{
    private const int MaxRuns = 16;

    /// <summary>How long an unlimited generator waits for its port's worker before it goes on by itself: where no worker polls the host
    /// (a cable, a TAP) this is its pace.</summary>
    private const long Patience = Nanoseconds.PerMillisecond;

    private List<TrafficRun>? _runs;

    /// <summary>True while a generator sends as fast as it is polled.</summary>
    internal bool WantsPolling { get; private set; }

    internal Task<long> Start(TrafficOptions options)
    {
        _runs ??= new List<TrafficRun>(1);
        if (_runs.Count >= MaxRuns)
            throw new HostException($"host '{stack.Options.Name}' has {MaxRuns} generators at work; wait for some to end");
        if (!stack.Addresses.TrySource(options.To, out IpAddress source))
            throw new HostException($"host '{stack.Options.Name}' has no address to reach {options.To} from");
        int least = EthernetView.MinHeaderLength + UdpView.HeaderLength + TrafficHeader.Length + (source.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength);
        if (options.FrameSize < least || options.FrameSize > stack.Output.Mtu + EthernetView.MinHeaderLength)
            throw new HostException($"a generated frame to {options.To} has from {least} to {stack.Output.Mtu + EthernetView.MinHeaderLength} bytes, not {options.FrameSize}");
        TrafficRun run = new(stack, options, source);
        _runs.Add(run);
        Advance();
        return run.Done;
    }

    /// <summary>Sends what is due. Called by the clock, and by the port's worker while <see cref="WantsPolling"/>.</summary>
    internal void Advance()
    {
        WantsPolling = false;
        for (int i = (_runs?.Count ?? 0) - 1; i >= 0; i--)
        {
            long next = _runs![i].Advance();
            WantsPolling |= next != Never && _runs[i].IsUnlimited;
            if (next == Never)
                _runs.RemoveAt(i);
            else
                Schedule(next > stack.Now ? next : stack.Now + Patience);
        }
    }

    internal void Stop()
    {
        foreach (TrafficRun run in _runs ?? [])
            run.Stop();
        _runs = null;
        WantsPolling = false;
    }

    protected override void Tick() => Advance();
}
