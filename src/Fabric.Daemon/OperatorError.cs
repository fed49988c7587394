using Fabric.Disk;
using Fabric.Hosts;
using Fabric.Images;
using Fabric.Link;
using Fabric.Overlay;
using Fabric.Routing;
using Fabric.Switch;
using Fabric.Topology;
using Fabric.Vmm;
using Fabric.Vmm.Agent;

namespace Fabric.Daemon;

/// <summary>Tells what the operator can mend from what is a bug. Each room throws one type of exception whose message is already the line
/// to print; the host's own refusals (files, sockets) are worded well enough by the base library.</summary>
public static class OperatorError
{
    /// <summary>Finds the line to print for an exception.</summary>
    /// <param name="error">What was thrown.</param>
    /// <param name="line">The line; for a topology file with several faults, one line per fault.</param>
    /// <returns>False when it is a bug, whose whole trace is wanted.</returns>
    public static bool TryDescribe(Exception error, out string line)
    {
        if (error is AggregateException { InnerExceptions.Count: 1 } aggregate)
            return TryDescribe(aggregate.InnerExceptions[0], out line);
        bool isKnown = error is DaemonException or DiskException or HostException or ImageException or LinkException or MachineException or OverlayException or RoutingException or SwitchException or GuestAgentException or TopologyException or IOException or UnauthorizedAccessException;
        line = error is TopologyException ? error.Message : error.Message.ReplaceLineEndings(" ");
        return isKnown;
    }
}
