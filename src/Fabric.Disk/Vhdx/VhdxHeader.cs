using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>The current one of an image's two headers ([MS-VHDX] 2.2.2).</summary>
/// <remarks>The log is found through the header, so a header cannot be changed through the log. Instead there are two: the one with the higher
/// sequence number counts, an update goes to the other. A torn update has no valid checksum, and the old header stays current.</remarks>
internal sealed class VhdxHeader
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 4096;

    private const int Place = 64 << 10;
    private const uint Head = 0x64616568;
    private byte[] _bytes = new byte[Size];
    private int _slot;

    private VhdxHeader()
    {
    }

    /// <summary>Number of this update.</summary>
    public ulong Sequence => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(8));

    /// <summary>Changes with the first change of the file after each opening.</summary>
    public Guid FileWriteGuid => new(_bytes.AsSpan(16, 16));

    /// <summary>Changes with the first change that a guest could see after each opening; children know their parent by it.</summary>
    public Guid DataWriteGuid => new(_bytes.AsSpan(32, 16));

    /// <summary>Tells the log's valid entries; empty when there is nothing to replay.</summary>
    public Guid LogGuid => new(_bytes.AsSpan(48, 16));

    /// <summary>Length of the log in bytes, a multiple of 1 MiB.</summary>
    public long LogLength => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(68));

    /// <summary>Place of the log in the file.</summary>
    public long LogOffset => (long)BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(72));

    /// <summary>True when a range of the file touches the log.</summary>
    public bool IsInLog(long offset, long length) => offset < LogOffset + LogLength && offset + length > LogOffset;

    /// <summary>Reads the identifier and both headers, and takes the current one.</summary>
    /// <exception cref="DiskException">It is no VHDX, or no header can be used.</exception>
    public static VhdxHeader Read(FileStore store)
    {
        Span<byte> signature = stackalloc byte[8];
        if (store.Read(0, signature) != DiskStatus.Ok)
            throw new DiskException(store.Path, "cannot be read", 0);
        if (!signature.SequenceEqual(VhdxFacts.Signature))
            throw new DiskException(store.Path, "is not a VHDX image: the file type identifier is missing", 0);
        VhdxHeader? first = ReadSlot(store, 0);
        VhdxHeader? second = ReadSlot(store, 1);
        if (first is null && second is null)
            throw new DiskException(store.Path, "neither of its two headers is valid; restore it from a backup", Place);
        if (first is not null && second is not null && first.Sequence == second.Sequence && !first._bytes.AsSpan().SequenceEqual(second._bytes))
            throw new DiskException(store.Path, "its two headers differ and claim to be equally new", Place);
        VhdxHeader current = second is null || (first is not null && first.Sequence >= second.Sequence) ? first! : second;
        current.Validate(store.Path, store.Length);
        return current;
    }

    /// <summary>Makes the header of a new image, to be written twice with <see cref="Update"/>.</summary>
    public static VhdxHeader Create(long logOffset, long logLength)
    {
        VhdxHeader header = new() { _slot = 1 };
        Span<byte> bytes = header._bytes;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Head);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[66..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[68..], (uint)logLength);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[72..], logOffset);
        return header;
    }

    private static VhdxHeader? ReadSlot(FileStore store, int slot)
    {
        VhdxHeader header = new() { _slot = slot };
        return store.Read((slot + 1) * Place, header._bytes) == DiskStatus.Ok
            && BinaryPrimitives.ReadUInt32LittleEndian(header._bytes) == Head && Crc32C.Fits(header._bytes) ? header : null;
    }

    private void Validate(string path, long fileLength)
    {
        int place = (_slot + 1) * Place;
        int version = BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(66));
        int logVersion = BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(64));
        if (version != 1)
            throw new DiskException(path, $"is a VHDX of version {version}; only version 1 is known", place + 66);
        if (logVersion != 0 && LogGuid != Guid.Empty)
            throw new DiskException(path, $"its log is of version {logVersion} and must be replayed; only version 0 is known", place + 64);
        if ((LogLength & (VhdxFacts.Unit - 1)) != 0)
            throw new DiskException(path, $"the log's length of {LogLength} bytes is no multiple of 1 MiB", place + 68);
        if ((LogOffset & (VhdxFacts.Unit - 1)) != 0 || LogOffset < VhdxFacts.Unit || LogOffset > Math.Min(fileLength, VhdxFacts.MaxFile) - LogLength)
            throw new DiskException(path, $"the log of {LogLength} bytes at 0x{LogOffset:x} does not lie in the file", place + 72);
    }

    /// <summary>Writes a newer header over the older one. It counts when the caller has flushed the file.</summary>
    /// <param name="store">The file.</param>
    /// <param name="fileWrite">New value, or null to keep it.</param>
    /// <param name="dataWrite">New value, or null to keep it.</param>
    /// <param name="log">New value, or null to keep it.</param>
    public DiskStatus Update(FileStore store, Guid? fileWrite = null, Guid? dataWrite = null, Guid? log = null)
    {
        byte[] bytes = _bytes.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), Sequence + 1);
        (fileWrite ?? FileWriteGuid).TryWriteBytes(bytes.AsSpan(16));
        (dataWrite ?? DataWriteGuid).TryWriteBytes(bytes.AsSpan(32));
        (log ?? LogGuid).TryWriteBytes(bytes.AsSpan(48));
        Crc32C.Seal(bytes);
        int slot = 1 - _slot;
        DiskStatus status = store.Write((slot + 1) * Place, bytes);
        if (status == DiskStatus.Ok)
            (_bytes, _slot) = (bytes, slot);
        return status;
    }
}
