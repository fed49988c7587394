using Fabric.Link;

namespace Fabric.Routing.Neighbors;

/// <summary>A frame that waits for the Ethernet address of its next hop.</summary>
/// <param name="Frame">The whole frame, its destination still to be filled in.</param>
/// <param name="Offload">What is still to be done to it.</param>
/// <param name="IsForwarded">Somebody else's, who is told when the neighbour does not answer.</param>
internal readonly record struct HeldPacket(byte[] Frame, FrameOffload Offload, bool IsForwarded);
