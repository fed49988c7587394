using System.Numerics;
using System.Runtime.CompilerServices;
using Fabric.Routing.Acl;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <summary>The choice among next hops of equal cost: each flow keeps to one (RFC 2991, 2992).</summary>
/// <remarks>By the highest random weight: every next hop draws a number from the flow's, and the highest wins. So when one goes, the
/// flows of the others stay where they are, and of those that had it each goes its own way. The pieces of a packet go together: they
/// are told apart by their addresses and protocol alone.</remarks>
internal static class EqualPaths
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;

    // Any numbers with as many ones as zeros.
    private const ulong OfFlow = 0xD1B5_4A32_D192_ED03;
    private const ulong OfSource = 0xA24B_AED4_963E_E407;
    private const ulong OfDestination = 0x8CB9_2BA7_2F3D_8DD7;

    /// <summary>The lowest bits of a weight say whose it is.</summary>
    private const ulong PlaceMask = Route.MaxNextHops - 1;

    /// <summary>A flow as a number.</summary>
    /// <param name="packet">One of its packets.</param>
    /// <param name="seed">Of this router, so that routers in a row do not all choose alike.</param>
    internal static ulong Flow(in PacketFields packet, ulong seed)
    {
        uint ports = packet.HasPorts && !packet.IsFragment ? (uint)(packet.FromPort << 16) | packet.ToPort : 0U;
        return packet.From.IsV4
            ? Flow(packet.From.V4, packet.To.V4, packet.Protocol, ports, seed)
            : Flow(packet.From.Bits, packet.To.Bits, packet.Protocol, ports, seed);
    }

    /// <summary>A flow of IPv4 as a number.</summary>
    /// <param name="from">Source.</param>
    /// <param name="to">Destination.</param>
    /// <param name="protocol">What is in it.</param>
    /// <param name="ports">The source's above the destination's; 0 where there are none, and for pieces.</param>
    /// <param name="seed">As above.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Flow(uint from, uint to, IpProtocol protocol, uint ports, ulong seed) =>
        Fold(seed ^ ((ulong)from << 32 | to), OfFlow ^ ((ulong)protocol << 32 | ports));

    /// <summary>A flow of IPv6 as a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Flow(UInt128 from, UInt128 to, IpProtocol protocol, uint ports, ulong seed)
    {
        ulong addresses = Fold(seed ^ (ulong)(from >> 64), OfSource ^ (ulong)from) ^ Fold(OfDestination ^ (ulong)(to >> 64), OfSource ^ (ulong)to);
        return Fold(seed ^ addresses, OfFlow ^ ((ulong)protocol << 32 | ports));
    }

    /// <summary>What each of some next hops has to draw with, in their order.</summary>
    internal static ulong[] Lots(NextHop[] hops) => Array.ConvertAll(hops, hop =>
    {
        ulong hash = Mix(Mix(Multiplier, (ulong)hop.Gateway.Bits ^ (ulong)(hop.Gateway.Bits >> 64)), (ulong)(uint)hop.Interface);
        hash ^= hash >> 32;
        hash *= Multiplier;
        return hash ^ (hash >> 29);
    });

    /// <summary>Chooses for a flow.</summary>
    /// <param name="flow">Its number.</param>
    /// <param name="lots">Of the next hops.</param>
    /// <param name="usable">A bit for each that may be chosen; not 0.</param>
    /// <returns>The place of the one chosen.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Choose(ulong flow, ulong[] lots, uint usable)
    {
        // Nobody can foretell who wins, so nothing here is a jump: weights are positive numbers, and the sign of a difference chooses.
        long best = 0;
        for (int place = 0; place < lots.Length; place++)
        {
            long weight = (long)((Fold(flow ^ lots[place], Multiplier) >> 1 & ~PlaceMask) | (uint)place) & -(long)(usable >> place & 1);
            best ^= (best ^ weight) & ((best - weight) >> 63);
        }

        return (int)best & (int)PlaceMask;
    }

    /// <summary>Both halves of a product as one: each bit depends on all.</summary>
    private static ulong Fold(ulong one, ulong other)
    {
        ulong high = Math.BigMul(one, other, out ulong low);
        return high ^ low;
    }

    private static ulong Mix(ulong hash, ulong value) => BitOperations.RotateLeft((hash ^ value) * Multiplier, 31);
}
