using System.Buffers.Binary;
using System.Numerics;

namespace Fabric.Wire;

/// <summary>A route in a packet of RIP version 1 or 2 (RFC 2453, 4). Does not own its bytes.</summary>
public readonly ref struct RipEntryView
{
    /// <summary>The address family of IPv4.</summary>
    public const ushort FamilyV4 = 2;

    private readonly ReadOnlySpan<byte> _entry;

    internal RipEntryView(ReadOnlySpan<byte> entry) => _entry = entry;

    /// <summary>Address family; 2 for IPv4.</summary>
    public ushort Family => BinaryPrimitives.ReadUInt16BigEndian(_entry);

    /// <summary>Carried along; zero in version 1.</summary>
    public ushort Tag => BinaryPrimitives.ReadUInt16BigEndian(_entry[2..]);

    /// <summary>The network's address, in host byte order.</summary>
    public uint Address => BinaryPrimitives.ReadUInt32BigEndian(_entry[4..]);

    /// <summary>The network's mask, in host byte order; zero in version 1.</summary>
    public uint Mask => BinaryPrimitives.ReadUInt32BigEndian(_entry[8..]);

    /// <summary>A better next hop than the sender, in host byte order; zero for none, and in version 1.</summary>
    public uint NextHop => BinaryPrimitives.ReadUInt32BigEndian(_entry[12..]);

    /// <summary>1 … 16 when valid.</summary>
    public uint Metric => BinaryPrimitives.ReadUInt32BigEndian(_entry[16..]);

    /// <summary>Length of the mask's prefix, 0 … 32; −1 when its ones are not all in front.</summary>
    public int Length
    {
        get
        {
            uint holes = ~Mask;
            return (holes & (holes + 1)) == 0 ? BitOperations.LeadingZeroCount(holes) : -1;
        }
    }
}
