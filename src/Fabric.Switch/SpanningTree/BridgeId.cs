using System.Buffers.Binary;
using Fabric.Wire;

namespace Fabric.Switch.SpanningTree;

/// <summary>A bridge's identifier (IEEE 802.1D-2004, 9.2.5): the lower, the likelier to be root.</summary>
/// <param name="Value">Priority in the highest 16 bits, of which only the four highest are a priority; address in the rest, its first
/// octet highest.</param>
public readonly record struct BridgeId(ulong Value)
{
    /// <summary>The identifier made of a priority and an address.</summary>
    /// <param name="priority">A multiple of 4096.</param>
    /// <param name="address">The bridge's address.</param>
    public BridgeId(ushort priority, MacAddress address)
        : this(((ulong)priority << 48) | Ordered(address))
    {
    }

    /// <summary>Priority with the system identifier extension.</summary>
    public ushort Priority => (ushort)(Value >> 48);

    /// <summary>The bridge's address.</summary>
    public MacAddress Address
    {
        get
        {
            Span<byte> octets = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(octets, Value);
            return MacAddress.Read(octets[2..]);
        }
    }

    /// <summary>The usual notation: priority in hexadecimal, a dot, the address.</summary>
    public override string ToString() => $"{Priority:x4}.{Address}";

    private static ulong Ordered(MacAddress address)
    {
        Span<byte> octets = stackalloc byte[8];
        octets.Clear();
        address.CopyTo(octets[2..]);
        return BinaryPrimitives.ReadUInt64BigEndian(octets);
    }
}
