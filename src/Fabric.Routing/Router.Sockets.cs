using Fabric.Link;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Sockets;

namespace Fabric.Routing;

/// <content>UDP ports for others than routing protocols.</content>
public sealed partial class Router
{
    /// <summary>Opens a UDP port that sends and receives bursts past the control side.</summary>
    /// <param name="options">What it is.</param>
    /// <returns>The socket; ends with the router or when it is disposed.</returns>
    /// <exception cref="RoutingException">The address is none of the router's, or the port is somebody else's.</exception>
    public DatagramSocket OpenSocket(DatagramSocketOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Capacity, MemoryLink.DefaultCapacity);
        ArgumentOutOfRangeException.ThrowIfZero(options.TimeToLive);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.DifferentiatedServices, 63);
        return Inside(_ =>
        {
            if (_control.Local.Find(options.Local) != LocalKind.Own)
                throw new RoutingException($"router {Name} does not have the address {options.Local}: give it to its loopback or to one of its interfaces");
            if (options.Port == 0 || _control.HasSocketAt(options.Local, options.Port) || _control.Protocols.All.Any(protocol => protocol.Port == options.Port))
                throw new RoutingException($"UDP port {options.Port} of router {Name} is taken: choose another one");
            DatagramSocket socket = new(this, options);
            _control.Sockets = [.. _control.Sockets, socket];
            return socket;
        });
    }

    /// <summary>Lets go of a socket.</summary>
    internal void Close(DatagramSocket socket)
    {
        lock (_gate)
        {
            if (Array.IndexOf(_control.Sockets, socket) < 0)
                return;
            _control.Sockets = [.. _control.Sockets.Where(other => other != socket)];
            _retired.Add(socket.Received);
            _retired.Add(socket.Sent);
        }
    }
}
