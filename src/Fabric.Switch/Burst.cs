using Fabric.Link;

namespace Fabric.Switch;

/// <summary>Up to 32 frames of one port on their way through the stages of a switch. Masks: bit n is frame n.</summary>
internal ref struct Burst
{
    /// <summary>Where it came in.</summary>
    internal SwitchPort Source;

    /// <summary>The frames, as they came in or, once their headers were copied, over the copies.</summary>
    internal ReadOnlySpan<Frame> Frames;

    /// <summary>Frames that have not been dropped or consumed.</summary>
    internal uint Alive;

    /// <summary>Frames to group addresses.</summary>
    internal uint Groups;

    /// <summary>Frames to group addresses that stay on their link.</summary>
    internal uint Reserved;

    /// <summary>Frames to one port.</summary>
    internal uint Forwarded;

    /// <summary>Frames to all other ports.</summary>
    internal uint Flooded;

    /// <summary>True when a frame carries an offload.</summary>
    internal bool IsUnfinished;
}
