using Fabric.Link;

namespace Fabric.Routing;

/// <summary>A router's reasons in the words of those who look on.</summary>
internal static class RouterDrops
{
    /// <summary>Tells everybody of a packet that goes no further.</summary>
    /// <param name="observers">Everybody.</param>
    /// <param name="port">Where it came in, or was to leave.</param>
    /// <param name="direction">Which of the two.</param>
    /// <param name="frame">Its frame.</param>
    /// <param name="reason">Why.</param>
    internal static void Show(this FrameObservers observers, IPort port, FrameDirection direction, in Frame frame, RouterDrop reason) =>
        observers.ShowDrop(port, direction, in frame, ReasonOf(reason));

    private static DropReason ReasonOf(RouterDrop reason) => reason switch
    {
        RouterDrop.BadChecksum => DropReason.BadChecksum,
        RouterDrop.BadOffload => DropReason.BadOffload,
        RouterDrop.OtherStation => DropReason.OtherStation,
        RouterDrop.OtherVlan => DropReason.VlanFiltered,
        RouterDrop.UnknownProtocol => DropReason.UnknownProtocol,
        RouterDrop.InterfaceDown => DropReason.LinkDown,
        RouterDrop.Martian => DropReason.Martian,
        RouterDrop.ReversePath => DropReason.ReversePath,
        RouterDrop.AccessDenied => DropReason.AclDenied,
        RouterDrop.NoRoute => DropReason.NoRoute,
        RouterDrop.BlackHole => DropReason.BlackHole,
        RouterDrop.Unreachable => DropReason.Unreachable,
        RouterDrop.Prohibited => DropReason.Prohibited,
        RouterDrop.HopLimitExceeded => DropReason.HopLimitExceeded,
        RouterDrop.TooBig => DropReason.Oversized,
        RouterDrop.SourceRoute => DropReason.SourceRoute,
        RouterDrop.BadOption => DropReason.BadOption,
        RouterDrop.BeyondScope => DropReason.BeyondScope,
        RouterDrop.Broadcast => DropReason.Broadcast,
        RouterDrop.NoMember => DropReason.NoMember,
        RouterDrop.Unresolved => DropReason.Unresolved,
        RouterDrop.TooManyWaiting => DropReason.TooManyWaiting,
        RouterDrop.ClosedPort => DropReason.ClosedPort,
        RouterDrop.SocketFull => DropReason.SocketFull,
        RouterDrop.BadFragment => DropReason.BadFragment,
        RouterDrop.TooManyFragments => DropReason.TooManyFragments,
        RouterDrop.FragmentsExpired => DropReason.FragmentsExpired,
        RouterDrop.BadDiscovery => DropReason.BadDiscovery,
        _ => DropReason.Malformed,
    };
}
