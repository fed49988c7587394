using System.Buffers.Binary;

namespace Fabric.Nbd.Protocol;

/// <summary>The header of a request: 28 bytes, big-endian. Whether its values make sense is checked where they are used.</summary>
/// <param name="bytes">At least <see cref="Limits.RequestHeader"/> bytes.</param>
internal readonly ref struct RequestView(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes[..Limits.RequestHeader];

    internal bool HasMagic => BinaryPrimitives.ReadUInt32BigEndian(_bytes) == Magic.Request;

    internal CommandFlags Flags => (CommandFlags)BinaryPrimitives.ReadUInt16BigEndian(_bytes[4..]);

    internal CommandType Type => (CommandType)BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    /// <summary>The client's name for the request, to be repeated in the reply.</summary>
    internal ulong Cookie => BinaryPrimitives.ReadUInt64BigEndian(_bytes[8..]);

    internal ulong Offset => BinaryPrimitives.ReadUInt64BigEndian(_bytes[16..]);

    internal uint Length => BinaryPrimitives.ReadUInt32BigEndian(_bytes[24..]);

    /// <summary>Writes a header.</summary>
    internal static void Write(Span<byte> to, CommandFlags flags, CommandType type, ulong cookie, long offset, uint length)
    {
        BinaryPrimitives.WriteUInt32BigEndian(to, Magic.Request);
        BinaryPrimitives.WriteUInt16BigEndian(to[4..], (ushort)flags);
        BinaryPrimitives.WriteUInt16BigEndian(to[6..], (ushort)type);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], cookie);
        BinaryPrimitives.WriteInt64BigEndian(to[16..], offset);
        BinaryPrimitives.WriteUInt32BigEndian(to[24..], length);
    }
}
