using System.Numerics;
using Fabric.Routing.Acl;

namespace Fabric.Routing.Forwarding;

/// <summary>The choice among next hops of equal cost: each flow keeps to one (RFC 2991, 2992).</summary>
/// <remarks>By the highest random weight: every next hop draws a number from the flow's, and the highest wins. So when one goes, the
/// flows of the others stay where they are, and of those that had it each goes its own way. The pieces of a packet go together: they
/// are told apart by their addresses and protocol alone.</remarks>
internal static class EqualPaths
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;

    /// <summary>A flow as a number.</summary>
    /// <param name="packet">One of its packets.</param>
    /// <param name="seed">Of this router, so that routers in a row do not all choose alike.</param>
    internal static ulong Flow(in PacketFields packet, ulong seed)
    {
        UInt128 from = packet.From.Bits;
        UInt128 to = packet.To.Bits;
        ulong hash = Mix(Mix(seed, (ulong)(from >> 64)), (ulong)from);
        hash = Mix(Mix(hash, (ulong)(to >> 64)), (ulong)to);
        bool ports = packet.HasPorts && !packet.IsFragment;
        return Mix(hash, (ulong)packet.Protocol << 32 | (ports ? (uint)(packet.FromPort << 16) | packet.ToPort : 0U));
    }

    /// <summary>The weight of a next hop for a flow.</summary>
    internal static ulong Weight(ulong flow, in NextHop hop)
    {
        ulong hash = Mix(Mix(flow, (ulong)hop.Gateway.Bits ^ (ulong)(hop.Gateway.Bits >> 64)), (ulong)(uint)hop.Interface);
        hash ^= hash >> 32;
        hash *= Multiplier;
        return hash ^ (hash >> 29);
    }

    private static ulong Mix(ulong hash, ulong value) => BitOperations.RotateLeft((hash ^ value) * Multiplier, 31);
}
