using Fabric.Link.Capture;
using Fabric.Switch;

namespace Fabric.Daemon.Composition;

/// <summary>A capture that looks at a switch, until it is disposed.</summary>
internal sealed class RunningCapture : IDisposable
{
    private readonly EthernetSwitch _switch;

    /// <param name="switch">What is looked at; its ports stand in the file from the beginning.</param>
    /// <param name="options">What is kept.</param>
    /// <param name="time">Clock of the stamps.</param>
    public RunningCapture(EthernetSwitch @switch, CaptureOptions options, TimeProvider time)
    {
        _switch = @switch;
        Session = new CaptureSession(options, time);
        foreach (Link.IPort port in @switch.Ports)
            Session.Announce(port);
        // The whole switch, though only one port may be wanted: what a switch says about a burst ends where the next one begins.
        _switch.AddObserver(Session);
    }

    public CaptureSession Session { get; }

    public void Dispose()
    {
        _switch.RemoveObserver(Session);
        Session.End();
        Session.Dispose();
    }
}
