using System.Numerics;
using System.Runtime.CompilerServices;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <summary>The addresses of a router and the broadcast addresses of its networks. Immutable; looked up without a lock.</summary>
/// <remarks>IPv6 link-local addresses are left out, for they mean something on one link only.</remarks>
internal sealed class LocalAddresses
{
    private const ulong Multiplier = 0x9E37_79B9_7F4A_7C15;
    private readonly (IpAddress Address, LocalKind Kind)[] _slots;
    private readonly int _shift;

    // One bit for each address, among 64 times as many: most destinations are somebody else's, and need no more than a look here.
    private readonly ulong[] _filter;
    private readonly int _filterShift;

    internal LocalAddresses(IEnumerable<IpPrefix> addresses)
    {
        Dictionary<IpAddress, LocalKind> kinds = [];
        foreach (IpPrefix own in addresses)
        {
            if (own.IsV4 && own.Length < 31)
            {
                // Both forms of a network's broadcast address (RFC 1812, 4.2.3.1); networks of two or one have none (RFC 3021).
                kinds.TryAdd(own.Network.Address, LocalKind.Broadcast);
                kinds.TryAdd(IpAddress.FromV4(own.Network.Address.V4 | (uint)(0xFFFF_FFFFUL >> own.Length)), LocalKind.Broadcast);
            }

            if (own.IsV4 || !own.Address.IsLinkLocal)
                kinds[own.Address] = LocalKind.Own;
        }

        int bits = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)(kinds.Count * 4) + 4));
        _shift = 64 - bits;
        _slots = new (IpAddress, LocalKind)[1 << bits];
        _filterShift = _shift - 4;
        _filter = new ulong[1 << (64 - _filterShift - 6)];
        foreach ((IpAddress address, LocalKind kind) in kinds)
            Put(address, kind);
    }

    /// <summary>False for an address that is certainly somebody else's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool MayHave(IpAddress address)
    {
        ulong bit = Hash(address) >> _filterShift;
        return (_filter[bit >> 6] >> (int)bit & 1) != 0;
    }

    internal LocalKind Find(IpAddress address)
    {
        for (int at = Place(address); ; at = (at + 1) & (_slots.Length - 1))
        {
            ref readonly (IpAddress Address, LocalKind Kind) slot = ref _slots[at];
            if (slot.Kind == LocalKind.None || slot.Address == address)
                return slot.Kind;
        }
    }

    private void Put(IpAddress address, LocalKind kind)
    {
        int at = Place(address);
        while (_slots[at].Kind != LocalKind.None)
            at = (at + 1) & (_slots.Length - 1);
        _slots[at] = (address, kind);
        ulong bit = Hash(address) >> _filterShift;
        _filter[bit >> 6] |= 1UL << (int)bit;
    }

    private int Place(IpAddress address) => (int)(Hash(address) >> _shift);

    private static ulong Hash(IpAddress address)
    {
        UInt128 bits = address.Bits;
        return ((ulong)bits ^ ((ulong)(bits >> 64) * 31)) * Multiplier;
    }
}
