using Fabric.Link;

namespace Fabric.Switch;

/// <summary>What the switch knows about an attached port.</summary>
/// <param name="port">The port.</param>
/// <param name="index">Its place in the switch's port table.</param>
internal sealed class SwitchPort(IPort port, int index)
{
    internal IPort Port { get; } = port;

    internal int Index { get; } = index;

    /// <summary>Addresses in the table that lead here.</summary>
    internal int Entries { get; set; }

    /// <summary>Frames of the present burst that leave here: bit n is frame n. Zero between bursts.</summary>
    internal uint Leaving { get; set; }
}
