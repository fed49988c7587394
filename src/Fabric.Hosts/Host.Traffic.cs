using Fabric.Hosts.Traffic;

namespace Fabric.Hosts;

/// <content>Generators and sinks.</content>
public sealed partial class Host
{
    private volatile bool _wantsPolling;

    /// <summary>True while a generator sends as fast as the port's worker polls.</summary>
    internal bool WantsPolling => _wantsPolling;

    /// <summary>Sends numbered, time-stamped datagrams.</summary>
    /// <param name="options">To whom, how fast, how many.</param>
    /// <returns>Ends with the number of frames sent: all, or fewer when the host stops meanwhile.</returns>
    /// <exception cref="HostException">There is no way there, or the frames would have an impossible size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The host has stopped.</exception>
    public Task<long> GenerateAsync(TrafficOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Count, uint.MaxValue, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.PacketsPerSecond, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Flows, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Flows, TrafficSink.MaxFlows, nameof(options));
        return Inside(stack =>
        {
            Task<long> done = stack.Traffic.Start(options);
            _wantsPolling = stack.Traffic.WantsPolling;
            return done;
        });
    }

    /// <summary>Counts what generators send to a port from now on; a sink that was there begins anew.</summary>
    /// <param name="port">The UDP port.</param>
    /// <exception cref="HostException">The port is in use for something else.</exception>
    /// <exception cref="ObjectDisposedException">The host has stopped.</exception>
    public void OpenSink(ushort port = TrafficSink.DefaultPort) => Inside(stack =>
    {
        if (!stack.TryOpenSink(port))
            throw new HostException($"UDP port {port} of host '{Name}' is in use; choose another for the sink");
        return true;
    });

    /// <summary>What a sink has received so far. Allocates.</summary>
    /// <param name="port">Its UDP port.</param>
    /// <exception cref="HostException">There is no sink at the port.</exception>
    /// <exception cref="ObjectDisposedException">The host has stopped.</exception>
    public TrafficReport ReadSink(ushort port = TrafficSink.DefaultPort) => Inside(stack =>
        stack.Udp.Find(port) is TrafficSink sink ? sink.Report() : throw new HostException($"host '{Name}' has no sink at UDP port {port}; open one first"));

    /// <summary>Lets a generator without a rate of its own send its next burst. The port's worker calls it each round.</summary>
    internal void PollTraffic()
    {
        if (!_wantsPolling)
            return;
        lock (_gate)
        {
            if (_disposed)
                return;
            _stack.Enter();
            _stack.Traffic.Advance();
            _wantsPolling = _stack.Traffic.WantsPolling;
            SetTimer();
        }
    }
}
