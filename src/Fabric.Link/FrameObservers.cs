namespace Fabric.Link;

/// <summary>Those who look on at several ports, called one at a time whichever thread moves the frames.</summary>
/// <remarks>Costs a load for each burst while nobody looks on.</remarks>
public sealed class FrameObservers
{
    private readonly Lock _gate = new();
    private IFrameObserver[] _observers = [];

    /// <summary>True while nobody looks on. Any thread.</summary>
    public bool IsEmpty => Volatile.Read(ref _observers).Length == 0;

    /// <summary>Shows frames to an observer from the next burst on.</summary>
    /// <param name="observer">Stays the caller's.</param>
    public void Add(IFrameObserver observer)
    {
        lock (_gate)
            Volatile.Write(ref _observers, [.. _observers, observer]);
    }

    /// <summary>Stops showing frames to an observer. When this returns it is not called any more.</summary>
    /// <param name="observer">The observer.</param>
    /// <returns>False when it was not there.</returns>
    public bool Remove(IFrameObserver observer)
    {
        lock (_gate)
        {
            int index = Array.IndexOf(_observers, observer);
            if (index < 0)
                return false;
            Volatile.Write(ref _observers, [.. _observers[..index], .. _observers[(index + 1)..]]);
            return true;
        }
    }

    /// <summary>Shows a burst to everybody.</summary>
    internal void Show(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames)
    {
        lock (_gate)
        {
            foreach (IFrameObserver observer in _observers)
                observer.Observe(port, direction, frames);
        }
    }
}
