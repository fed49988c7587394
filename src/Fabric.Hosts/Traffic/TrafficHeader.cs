using System.Buffers.Binary;

namespace Fabric.Hosts.Traffic;

/// <summary>The first bytes of a generated datagram, in network byte order: a mark, the flow, its number in the flow, and when it was sent.
/// A datagram of the shortest frame holds 18 bytes, so the mark is two and the number four bytes long.</summary>
internal static class TrafficHeader
{
    internal const int Length = 16;

    private const ushort Mark = 0xFAB7;

    internal static void Write(Span<byte> payload, ushort flow, uint number, long sentAt)
    {
        BinaryPrimitives.WriteUInt16BigEndian(payload, Mark);
        BinaryPrimitives.WriteUInt16BigEndian(payload[2..], flow);
        BinaryPrimitives.WriteUInt32BigEndian(payload[4..], number);
        BinaryPrimitives.WriteInt64BigEndian(payload[8..], sentAt);
    }

    internal static bool TryRead(ReadOnlySpan<byte> payload, out ushort flow, out uint number, out long sentAt)
    {
        flow = 0;
        number = 0;
        sentAt = 0;
        if (payload.Length < Length || BinaryPrimitives.ReadUInt16BigEndian(payload) != Mark)
            return false;
        flow = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]);
        number = BinaryPrimitives.ReadUInt32BigEndian(payload[4..]);
        sentAt = BinaryPrimitives.ReadInt64BigEndian(payload[8..]);
        return true;
    }
}
