using Fabric.Overlay.Underlays;
using Fabric.Routing.Sockets;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <summary>Measures the path MTU to one far end by echoes of a router of the topology: what carries out a <see cref="PathMtuSearch"/>.</summary>
/// <remarks>All of the search happens under the router's lock, on the thread that brings an answer or on the clock's.</remarks>
internal sealed class RouterPathProbe : IDisposable
{
    private readonly TaskCompletionSource<PathMtu> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, long> _sent = [];
    private readonly DatagramSocket _socket;
    private readonly IpAddress _remote;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly PathEchoes _echoes;
    private readonly ITimer _timer;
    private readonly PathMtuSearch _search;

    private RouterPathProbe(DatagramSocket socket, IpAddress remote, int wanted, TimeProvider time)
    {
        _socket = socket;
        _remote = remote;
        _time = time;
        _began = time.GetTimestamp();
        _echoes = socket.OpenEchoes(remote, Answered);
        _search = new PathMtuSearch(remote, _echoes.FirstMtu, wanted, () => socket.MtuTo(remote));
        _timer = time.CreateTimer(static probe => ((RouterPathProbe)probe!).Run(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        _echoes.Dispose();
        _timer.Dispose();
    }

    /// <summary>Measures; takes two seconds at most, and as long as one echo where all is well.</summary>
    /// <param name="socket">From where.</param>
    /// <param name="remote">Whereto; no group.</param>
    /// <param name="wanted">A length that is tried at once, in bytes.</param>
    /// <param name="time">Clock, that of the router.</param>
    /// <param name="cancel">Gives up.</param>
    internal static async Task<PathMtu> MeasureAsync(DatagramSocket socket, IpAddress remote, int wanted, TimeProvider time, CancellationToken cancel)
    {
        if (socket.MtuTo(remote) == 0)
            return new PathMtu(remote, PathState.NoWay, 0, 0);
        try
        {
            using RouterPathProbe probe = new(socket, remote, wanted, time);
            probe.Run();
            return await probe._done.Task.WaitAsync(cancel);
        }
        catch (ObjectDisposedException)
        {
            // The router has stopped before it was asked.
            return new PathMtu(remote, PathState.NoWay, 0, 0);
        }
    }

    private void Run()
    {
        if (!_echoes.TryRun(Step))
            _done.TrySetResult(new PathMtu(_remote, PathState.NoWay, 0, 0));
    }

    private void Answered(int length)
    {
        _search.Answered(length, _time.GetElapsedTime(_sent[length]));
        Step();
    }

    private void Step()
    {
        foreach (int length in _search.Next(_time.GetElapsedTime(_began)))
        {
            _sent[length] = _time.GetTimestamp();
            _ = _echoes.TrySend(length);
        }

        if (_search.Result is { } result)
            _done.TrySetResult(_socket.MtuTo(_remote) == 0 ? new PathMtu(_remote, PathState.NoWay, 0, 0) : result);
        else
            _timer.Change(Later(_search.Due - _time.GetElapsedTime(_began)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>Timers count whole milliseconds, and must not come early.</summary>
    private static TimeSpan Later(TimeSpan wait) => wait <= TimeSpan.Zero ? TimeSpan.Zero : wait + TimeSpan.FromMilliseconds(1);
}
