using Fabric.Wire;

namespace Fabric.Hosts.Traffic;

/// <summary>A generator at work. Driven by the port's worker where it polls, by the clock otherwise.</summary>
internal sealed class TrafficRun(HostStack stack, TrafficOptions options, IpAddress source)
{
    private const int Burst = 32;
    private const ushort FirstPort = 20000;
    private readonly TaskCompletionSource<long> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _payload = options.FrameSize - EthernetView.MinHeaderLength - UdpView.HeaderLength - (source.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength);
    private readonly long _started = stack.Now;
    private long _sent;

    /// <summary>Ends with the number of frames sent.</summary>
    internal Task<long> Done => _done.Task;

    /// <summary>True when it has no rate of its own.</summary>
    internal bool IsUnlimited => options.PacketsPerSecond == 0;

    /// <summary>Sends what is due, a burst at most.</summary>
    /// <returns>When to be called again; <see cref="Timed.Never"/> when all is sent.</returns>
    internal long Advance()
    {
        // The first frame is due at once, the n-th after n − 1 intervals: a late call catches up, and the mean rate stays right.
        long due = IsUnlimited ? _sent + Burst : 1 + (long)((Int128)(stack.Now - _started) * options.PacketsPerSecond / Nanoseconds.PerSecond);
        long until = stack.Output.HasRoom ? Math.Min(Math.Min(options.Count, due), _sent + Burst) : _sent;
        while (_sent < until)
            Send();
        if (_sent == options.Count)
        {
            _done.TrySetResult(_sent);
            return Timed.Never;
        }

        return IsUnlimited || _sent < due ? stack.Now : _started + (long)((Int128)_sent * Nanoseconds.PerSecond / options.PacketsPerSecond);
    }

    internal void Stop() => _done.TrySetResult(_sent);

    private void Send()
    {
        int flow = (int)(_sent % options.Flows);
        Span<byte> payload = PacketOutput.Transport.Slice(UdpView.HeaderLength, _payload);
        payload[TrafficHeader.Length..].Clear();
        TrafficHeader.Write(payload, (ushort)flow, (uint)(_sent / options.Flows), stack.Now);
        stack.Udp.Send(source, (ushort)(FirstPort + flow), options.To, options.Port, _payload);
        _sent++;
    }
}
