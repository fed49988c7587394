namespace Fabric.Nbd.Protocol;

/// <summary>Kinds of chunks in a structured reply (NBD_REPLY_TYPE_…). Errors have the highest bit set.</summary>
internal enum ChunkType : ushort
{
    None = 0,
    OffsetData = 1,
    OffsetHole = 2,
    BlockStatus = 5,
    Error = 0x8001,
    ErrorOffset = 0x8002,
}
