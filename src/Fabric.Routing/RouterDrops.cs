using Fabric.Link;

namespace Fabric.Routing;

/// <summary>A router's reasons in the words of those who look on.</summary>
internal static class RouterDrops
{
    private static readonly DropReason[] Reasons = [.. Enum.GetValues<RouterDrop>().Select(ReasonOf)];

    /// <summary>Tells everybody of a packet that goes no further.</summary>
    /// <param name="observers">Everybody.</param>
    /// <param name="port">Where it came in, or was to leave.</param>
    /// <param name="direction">Which of the two.</param>
    /// <param name="frame">Its frame.</param>
    /// <param name="reason">Why.</param>
    internal static void Show(this FrameObservers observers, IPort port, FrameDirection direction, in Frame frame, RouterDrop reason) =>
        observers.ShowDrop(port, direction, in frame, Reasons[(int)reason]);

    private static DropReason ReasonOf(RouterDrop reason) => reason switch
    {
        RouterDrop.OtherVlan => DropReason.VlanFiltered,
        RouterDrop.InterfaceDown => DropReason.LinkDown,
        RouterDrop.AccessDenied => DropReason.AclDenied,
        RouterDrop.TooBig => DropReason.Oversized,
        // The others have the same names there.
        _ => Enum.Parse<DropReason>(reason.ToString()),
    };
}
