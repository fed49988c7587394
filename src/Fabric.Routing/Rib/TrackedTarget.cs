using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>An address that static routes depend on.</summary>
internal sealed class TrackedTarget(IpAddress address)
{
    private bool _answered;
    private int _inRow;

    internal IpAddress Address { get; } = address;

    /// <summary>Routes that depend on it.</summary>
    internal int Routes { get; set; }

    /// <summary>False until it has answered.</summary>
    internal bool IsReachable { get; private set; }

    /// <summary>When it is asked next.</summary>
    internal long Next { get; set; }

    internal void Answered() => _answered = true;

    /// <summary>An interval is over.</summary>
    /// <returns>True when the target has come or gone by that.</returns>
    internal bool Conclude(TrackingOptions options)
    {
        _inRow = _answered != IsReachable ? _inRow + 1 : 0;
        _answered = false;
        if (_inRow < (IsReachable ? options.Misses : options.Answers))
            return false;
        IsReachable = !IsReachable;
        _inRow = 0;
        return true;
    }
}
