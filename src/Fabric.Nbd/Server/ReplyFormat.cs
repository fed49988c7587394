using System.Buffers.Binary;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Server;

/// <summary>Writes reply headers (proto.md, "Simple reply message" and "Structured reply chunk message").</summary>
internal static class ReplyFormat
{
    /// <summary>Bytes in front of the data of a READ's chunk.</summary>
    internal const int DataHeader = Limits.ChunkHeader + sizeof(ulong);

    /// <summary>Longest reply without data.</summary>
    internal const int LongestBare = Limits.ChunkHeader + 6;

    private const ushort Done = 1;

    /// <summary>Bytes in front of a READ's data.</summary>
    internal static int ReadHeader(bool structured) => structured ? DataHeader : Limits.SimpleHeader;

    /// <summary>Writes what stands in front of a READ's data.</summary>
    internal static void WriteReadHeader(Span<byte> to, bool structured, ulong cookie, long offset, int length, bool last)
    {
        if (!structured)
        {
            WriteSimple(to, cookie, NbdError.None);
            return;
        }

        WriteChunk(to, ChunkType.OffsetData, cookie, sizeof(ulong) + length, last);
        BinaryPrimitives.WriteInt64BigEndian(to[Limits.ChunkHeader..], offset);
    }

    /// <summary>Writes a simple reply without data.</summary>
    internal static int WriteSimple(Span<byte> to, ulong cookie, NbdError error)
    {
        BinaryPrimitives.WriteUInt32BigEndian(to, Magic.SimpleReply);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], (uint)error);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], cookie);
        return Limits.SimpleHeader;
    }

    /// <summary>Writes the answer to a request that carries no data back, or failed.</summary>
    internal static int WriteBare(Span<byte> to, CommandType type, bool structured, ulong cookie, NbdError error)
    {
        // With structured replies negotiated, READ and BLOCK_STATUS must not be answered by a simple one.
        if (!structured || type is not (CommandType.Read or CommandType.BlockStatus))
            return WriteSimple(to, cookie, error);
        if (error == NbdError.None)
        {
            WriteChunk(to, ChunkType.None, cookie, 0, last: true);
            return Limits.ChunkHeader;
        }

        WriteChunk(to, ChunkType.Error, cookie, 6, last: true);
        BinaryPrimitives.WriteUInt32BigEndian(to[Limits.ChunkHeader..], (uint)error);
        BinaryPrimitives.WriteUInt16BigEndian(to[(Limits.ChunkHeader + 4)..], 0);
        return LongestBare;
    }

    /// <summary>Writes a chunk's header.</summary>
    internal static void WriteChunk(Span<byte> to, ChunkType type, ulong cookie, int length, bool last)
    {
        BinaryPrimitives.WriteUInt32BigEndian(to, Magic.ReplyChunk);
        BinaryPrimitives.WriteUInt16BigEndian(to[4..], last ? Done : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(to[6..], (ushort)type);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], cookie);
        BinaryPrimitives.WriteInt32BigEndian(to[16..], length);
    }
}
