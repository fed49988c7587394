namespace Fabric.Wire;

/// <summary>What a configuration or rapid spanning tree BPDU says, in the units of the wire (IEEE 802.1D-2004, 9.3.1 and 9.3.3).</summary>
/// <param name="Flags">Flags and port role.</param>
/// <param name="RootId">Identifier of the root bridge: priority in the highest 16 bits, address below.</param>
/// <param name="RootPathCost">Cost of the sender's path to the root.</param>
/// <param name="BridgeId">Identifier of the sender.</param>
/// <param name="PortId">Identifier of the sender's port.</param>
/// <param name="MessageAge">Age of the information, in 1/256 s.</param>
/// <param name="MaxAge">Age at which it is dropped, in 1/256 s.</param>
/// <param name="HelloTime">Time between two BPDUs, in 1/256 s.</param>
/// <param name="ForwardDelay">Time in each state before Forwarding, in 1/256 s.</param>
public readonly record struct BpduContent(
    BpduFlags Flags,
    ulong RootId,
    uint RootPathCost,
    ulong BridgeId,
    ushort PortId,
    ushort MessageAge,
    ushort MaxAge,
    ushort HelloTime,
    ushort ForwardDelay);
