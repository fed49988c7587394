using Fabric.Memory;

namespace Fabric.TestKit.Virtio;

/// <summary>An interrupt wire that counts rising edges and lets a test wait for its level.</summary>
public sealed class InterruptProbe : IInterruptLine
{
    private readonly object _gate = new();
    private bool _level;
    private int _edges;

    public bool Level
    {
        get
        {
            lock (_gate)
                return _level;
        }
    }

    /// <summary>Number of times the wire rose.</summary>
    public int Edges
    {
        get
        {
            lock (_gate)
                return _edges;
        }
    }

    public void SetLevel(bool asserted)
    {
        lock (_gate)
        {
            if (asserted && !_level)
                _edges++;
            _level = asserted;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until the wire is high.</summary>
    /// <returns>False after ten seconds, in which a working device would have raised it.</returns>
    public bool Wait()
    {
        lock (_gate)
        {
            long deadline = System.Diagnostics.Stopwatch.GetTimestamp() + (10 * System.Diagnostics.Stopwatch.Frequency);
            while (!_level)
            {
                long left = deadline - System.Diagnostics.Stopwatch.GetTimestamp();
                if (left <= 0 || !Monitor.Wait(_gate, (int)(left * 1000 / System.Diagnostics.Stopwatch.Frequency) + 1))
                    return _level;
            }

            return true;
        }
    }
}
