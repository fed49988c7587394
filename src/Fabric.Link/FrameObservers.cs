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
    /// <param name="port">The port it passes.</param>
    /// <param name="direction">Which way.</param>
    /// <param name="frames">Valid during the call only.</param>
    public void Show(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames)
    {
        lock (_gate)
        {
            foreach (IFrameObserver observer in _observers)
                observer.Observe(port, direction, frames);
        }
    }

    /// <summary>Tells everybody of a drop; see <see cref="IFrameObserver.ObserveDrop"/>.</summary>
    /// <param name="port">The port the frame came in on, or was to leave by.</param>
    /// <param name="direction">Which of the two.</param>
    /// <param name="frame">Valid during the call only.</param>
    /// <param name="reason">Why.</param>
    public void ShowDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason)
    {
        lock (_gate)
        {
            foreach (IFrameObserver observer in _observers)
                observer.ObserveDrop(port, direction, in frame, reason);
        }
    }
}
