namespace Fabric.Link.Tests.Streams;

/// <summary>Waits for a port to go up or down.</summary>
internal sealed class LinkState : ILinkWatcher
{
    private readonly object _gate = new();

    internal LinkState(IPort port)
    {
        port.AttachLinkWatcher(this);
        Port = port;
    }

    internal IPort Port { get; }

    public void LinkChanged(IPort port, bool isUp)
    {
        lock (_gate)
            Monitor.PulseAll(_gate);
    }

    /// <summary>Waits; the limit only ends a test that has failed.</summary>
    internal void WaitFor(bool up)
    {
        lock (_gate)
        {
            while (Port.IsUp != up)
                Assert.True(Monitor.Wait(_gate, TimeSpan.FromSeconds(30)), $"{Port.Name} does not go {(up ? "up" : "down")}");
        }
    }
}
