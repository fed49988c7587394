namespace Fabric.Link;

/// <summary>Is told when a port goes up or down: a spanning tree, a bond, the control interface.</summary>
public interface ILinkWatcher
{
    /// <summary>The state of a port has changed. Any thread, also while a burst is being transmitted to another port; must not block and
    /// must not call the port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="isUp">Its new state. Changes in quick succession may arrive out of order: <see cref="IPort.IsUp"/> holds the last.</param>
    void LinkChanged(IPort port, bool isUp);
}
