using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>An entry in a packet of RIPng: a route, or the next hop of those behind it (RFC 2080, 2.1). Does not own its bytes.</summary>
public readonly ref struct RipngEntryView
{
    /// <summary>The metric that marks a next hop (RFC 2080, 2.1.1).</summary>
    public const byte NextHopMetric = 0xFF;

    private readonly ReadOnlySpan<byte> _entry;

    internal RipngEntryView(ReadOnlySpan<byte> entry) => _entry = entry;

    /// <summary>The network's address, or the next hop: <c>::</c> for the sender itself.</summary>
    public IpAddress Address => IpAddress.ReadV6(_entry);

    /// <summary>Carried along.</summary>
    public ushort Tag => BinaryPrimitives.ReadUInt16BigEndian(_entry[16..]);

    /// <summary>Bits of the prefix, 0 … 128 when valid.</summary>
    public byte Length => _entry[18];

    /// <summary>1 … 16 when valid, or <see cref="NextHopMetric"/>.</summary>
    public byte Metric => _entry[19];
}
