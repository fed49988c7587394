using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>Writes metadata through the log ([MS-VHDX] 2.3).</summary>
/// <remarks>
/// <para>One entry is active at a time: its pages are written in place before the next entry begins, so each entry is its own tail. Entries go
/// by turns to the log's first and second half. While one is being written the other stays whole, so a log that the header names always
/// has a valid entry, and replaying the older one does nothing that is not in place already. No two entries stand
/// side by side: software that follows a sequence beyond its head finds none.</para>
/// <para>The order for each entry: barrier (what the pages name, and the pages of the entry before, are on disk), entry, barrier, with the
/// first entry also the header that names the log and another barrier; then the pages in place. Not thread-safe: needs the image's lock.</para>
/// </remarks>
internal sealed class VhdxLog(FileStore store, VhdxHeader header)
{
    private const int MaxSectors = 512;
    private readonly long _half = header.LogLength / 2 / VhdxFacts.LogSector * VhdxFacts.LogSector;
    private readonly Guid _id = Guid.NewGuid();
    private byte[] _entry = [];
    private int _pages;
    private int _slot;
    private ulong _sequence = 1;

    /// <summary>Pages that one entry takes: a change of so many is atomic.</summary>
    public int Capacity { get; } = CapacityOf(header.LogLength);

    private static int CapacityOf(long length)
    {
        long sectors = Math.Min(MaxSectors, (length / 2 / VhdxFacts.LogSector) - 1);
        long pages = sectors - 1;
        while (pages > 0 && LogEntry.DescriptorSectors(pages) + pages > sectors)
            pages--;
        return (int)Math.Max(0, pages);
    }

    /// <summary>Makes pages durable, in their order; in place they are written, but not flushed, when this returns.</summary>
    /// <param name="pages">The pages. Those that fit into one entry together change together.</param>
    public DiskStatus Commit(ReadOnlySpan<LogPage> pages)
    {
        while (!pages.IsEmpty)
        {
            ReadOnlySpan<LogPage> some = pages[..Math.Min(Capacity, pages.Length)];
            DiskStatus status = CommitEntry(some);
            if (status != DiskStatus.Ok)
                return status;
            pages = pages[some.Length..];
        }

        return DiskStatus.Ok;
    }

    private DiskStatus CommitEntry(ReadOnlySpan<LogPage> pages)
    {
        DiskStatus status = Apply();
        if (status == DiskStatus.Ok)
            status = store.Flush();
        if (status != DiskStatus.Ok)
            return status;
        long length = Encode(pages);
        status = store.Write(header.LogOffset + (_slot * _half), _entry.AsSpan(0, (int)length));
        if (status == DiskStatus.Ok)
            status = store.Flush();
        if (status == DiskStatus.Ok && header.LogGuid != _id)
            status = NameLog();
        if (status != DiskStatus.Ok)
            return status;
        _pages = pages.Length;
        _slot = 1 - _slot;
        _sequence++;
        return Apply();
    }

    private DiskStatus NameLog()
    {
        DiskStatus status = header.Update(store, log: _id);
        return status == DiskStatus.Ok ? store.Flush() : status;
    }

    /// <summary>Writes the last entry's pages in place, as they stand in the entry: a host that had no space for it is asked again.</summary>
    private DiskStatus Apply()
    {
        Span<byte> page = stackalloc byte[VhdxFacts.LogSector];
        long sectors = LogEntry.DescriptorSectors(_pages);
        for (int i = 0; i < _pages; i++)
        {
            ReadOnlySpan<byte> descriptor = _entry.AsSpan(LogEntry.HeaderBytes + (i * LogEntry.DescriptorBytes), LogEntry.DescriptorBytes);
            _entry.AsSpan((int)(sectors + i) * VhdxFacts.LogSector, VhdxFacts.LogSector).CopyTo(page);
            descriptor.Slice(8, 8).CopyTo(page);
            descriptor.Slice(4, 4).CopyTo(page[4092..]);
            DiskStatus status = store.Write(BinaryPrimitives.ReadInt64LittleEndian(descriptor[16..]), page);
            if (status != DiskStatus.Ok)
                return status;
        }

        _pages = 0;
        return DiskStatus.Ok;
    }

    private long Encode(ReadOnlySpan<LogPage> pages)
    {
        long sectors = LogEntry.DescriptorSectors(pages.Length);
        int length = (int)(sectors + pages.Length) * VhdxFacts.LogSector;
        if (_entry.Length < length)
            _entry = new byte[length];
        Span<byte> entry = _entry.AsSpan(0, length);
        entry[..(int)(sectors * VhdxFacts.LogSector)].Clear();
        long file = store.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(entry, LogEntry.Signature);
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], (uint)(_slot * _half));
        BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], _sequence);
        BinaryPrimitives.WriteInt32LittleEndian(entry[24..], pages.Length);
        _id.TryWriteBytes(entry[32..]);
        BinaryPrimitives.WriteInt64LittleEndian(entry[48..], file & -VhdxFacts.Unit);
        BinaryPrimitives.WriteInt64LittleEndian(entry[56..], VhdxFacts.RoundUp(file));
        for (int i = 0; i < pages.Length; i++)
            EncodePage(pages[i], entry.Slice(LogEntry.HeaderBytes + (i * LogEntry.DescriptorBytes), LogEntry.DescriptorBytes),
                entry.Slice((int)(sectors + i) * VhdxFacts.LogSector, VhdxFacts.LogSector));
        Crc32C.Seal(entry);
        return length;
    }

    private void EncodePage(LogPage page, Span<byte> descriptor, Span<byte> sector)
    {
        page.Bytes.CopyTo(sector);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor, LogEntry.DataDescriptor);
        sector[4092..].CopyTo(descriptor[4..]);
        sector[..8].CopyTo(descriptor[8..]);
        BinaryPrimitives.WriteInt64LittleEndian(descriptor[16..], page.Offset);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[24..], _sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(sector, LogEntry.DataSector);
        BinaryPrimitives.WriteUInt32LittleEndian(sector[4..], (uint)(_sequence >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(sector[4092..], (uint)_sequence);
    }

    /// <summary>Declares the log empty, after everything logged is on disk in place.</summary>
    public DiskStatus Close()
    {
        if (header.LogGuid != _id)
            return DiskStatus.Ok;
        DiskStatus status = Apply();
        if (status == DiskStatus.Ok)
            status = store.Flush();
        if (status == DiskStatus.Ok)
            status = header.Update(store, log: Guid.Empty);
        return status == DiskStatus.Ok ? store.Flush() : status;
    }
}
