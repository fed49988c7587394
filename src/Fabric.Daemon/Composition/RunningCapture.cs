using Fabric.Link;
using Fabric.Link.Capture;
using Fabric.Overlay;
using Fabric.Switch;

namespace Fabric.Daemon.Composition;

/// <summary>A capture that looks at a switch or a router, until it is disposed.</summary>
internal sealed class RunningCapture : IDisposable
{
    private readonly Action<IFrameObserver> _remove;

    private RunningCapture(IEnumerable<IPort> ports, Action<IFrameObserver> add, Action<IFrameObserver> remove, CaptureOptions options, TimeProvider time)
    {
        _remove = remove;
        Session = new CaptureSession(options, time);
        foreach (IPort port in ports)
            Session.Announce(port);
        add(Session);
    }

    public CaptureSession Session { get; }

    /// <summary>Begins to look at a switch.</summary>
    /// <param name="switch">The whole of it, though only one port may be wanted: what a switch says about a burst ends where the next one begins.</param>
    /// <param name="options">What is kept.</param>
    /// <param name="time">Clock of the stamps.</param>
    public static RunningCapture Of(EthernetSwitch @switch, CaptureOptions options, TimeProvider time) =>
        new(@switch.Ports, observer => @switch.AddObserver(observer), observer => @switch.RemoveObserver(observer), options, time);

    /// <summary>Begins to look at a router.</summary>
    /// <param name="router">The whole of it.</param>
    /// <param name="options">What is kept.</param>
    /// <param name="time">Clock of the stamps.</param>
    public static RunningCapture Of(RunningRouter router, CaptureOptions options, TimeProvider time) =>
        new(router.Ports, router.Observers.Add, observer => router.Observers.Remove(observer), options, time);

    /// <summary>Begins to look at a segment's tunnels from the outside.</summary>
    /// <param name="segment">Of its end point's packets, its own and those that belong to no segment are kept.</param>
    /// <param name="options">What is kept.</param>
    /// <param name="time">Clock of the stamps.</param>
    public static RunningCapture OfOutside(VxlanPort segment, CaptureOptions options, TimeProvider time)
    {
        FrameObservers observers = segment.Vtep.Outside.Observers;
        OutsideObserver? chosen = null;
        return new RunningCapture([segment, segment.Vtep.Receiver], session => observers.Add(chosen = new OutsideObserver(segment, session)), _ => observers.Remove(chosen!), options, time);
    }

    public void Dispose()
    {
        _remove(Session);
        Session.End();
        Session.Dispose();
    }
}
