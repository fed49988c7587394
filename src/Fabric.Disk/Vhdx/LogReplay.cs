using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>Finds the log's active sequence and replays it ([MS-VHDX] 2.3.2 and 2.3.3).</summary>
/// <remarks>The newest entry whose whole sequence, from its tail on, is valid is the head; that sequence is replayed and nothing else. What is torn,
/// stale or of another log is passed over. A log without any valid entry has nothing to replay: software exists that names a log in the
/// header before it writes the first entry. The work is bounded by the log's length, whatever the entries claim.</remarks>
internal sealed class LogReplay
{
    private readonly FileStore _store;
    private readonly VhdxHeader _header;
    private readonly Dictionary<long, LogEntry> _entries = [];
    private readonly Dictionary<long, bool> _verified = [];
    private readonly byte[] _buffer = new byte[64 << 10];
    private long _budget;

    private LogReplay(FileStore store, VhdxHeader header)
    {
        _store = store;
        _header = header;
        _budget = (4 * header.LogLength) + (16 << 20);
    }

    /// <summary>The active sequence, in the order to replay.</summary>
    public List<LogEntry> Sequence { get; private set; } = [];

    /// <summary>Looks for something to replay.</summary>
    /// <returns>The replay, or null when the log holds nothing.</returns>
    /// <exception cref="DiskException">The log cannot be read, or contradicts itself.</exception>
    public static LogReplay? Find(FileStore store, VhdxHeader header)
    {
        if (header.LogGuid == Guid.Empty || header.LogLength == 0)
            return null;
        LogReplay replay = new(store, header);
        replay.Scan();
        foreach (LogEntry head in replay._entries.Values.OrderByDescending(entry => entry.Sequence))
            if (replay.TryFollow(head))
                return replay;
        return null;
    }

    private void Scan()
    {
        for (long at = 0; at < _header.LogLength; at += _buffer.Length)
        {
            ReadLog(at, _buffer);
            for (int sector = 0; sector < _buffer.Length; sector += VhdxFacts.LogSector)
                if (LogEntry.TryRead(_buffer.AsSpan(sector), at + sector, _header, out LogEntry entry))
                    _entries[at + sector] = entry;
        }
    }

    private bool TryFollow(LogEntry head)
    {
        Sequence = [];
        long at = head.Tail;
        while (_entries.TryGetValue(at, out LogEntry entry) && IsValid(entry))
        {
            if (Sequence.Count > 0 && entry.Sequence != Sequence[^1].Sequence + 1)
                return false;
            Sequence.Add(entry);
            if (entry.Offset == head.Offset)
                return true;
            if (entry.Sequence >= head.Sequence)
                return false;
            at = (at + entry.Length) % _header.LogLength;
            Spend(VhdxFacts.LogSector);
        }

        return false;
    }

    private bool IsValid(LogEntry entry)
    {
        if (!_verified.TryGetValue(entry.Offset, out bool valid))
            _verified[entry.Offset] = valid = HasChecksum(entry) && HasDescriptors(entry);
        return valid;
    }

    private bool HasChecksum(LogEntry entry)
    {
        Spend(entry.Length);
        uint crc = uint.MaxValue;
        uint found = 0;
        for (long done = 0; done < entry.Length; done += _buffer.Length)
        {
            Span<byte> piece = _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, entry.Length - done));
            ReadLog(entry.Offset + done, piece);
            if (done == 0)
            {
                found = BinaryPrimitives.ReadUInt32LittleEndian(piece[Crc32C.FieldOffset..]);
                piece.Slice(Crc32C.FieldOffset, 4).Clear();
            }

            crc = Crc32C.Append(crc, piece);
        }

        return found == ~crc;
    }

    private bool HasDescriptors(LogEntry entry)
    {
        Span<byte> descriptor = stackalloc byte[LogEntry.DescriptorBytes];
        long sectors = LogEntry.DescriptorSectors(entry.Descriptors);
        for (int i = 0; i < entry.Descriptors; i++)
        {
            ReadDescriptor(entry, i, descriptor);
            uint kind = BinaryPrimitives.ReadUInt32LittleEndian(descriptor);
            if (BinaryPrimitives.ReadUInt64LittleEndian(descriptor[24..]) != entry.Sequence
                || BinaryPrimitives.ReadUInt64LittleEndian(descriptor[16..]) % VhdxFacts.LogSector != 0)
                return false;
            if (kind == LogEntry.ZeroDescriptor && BinaryPrimitives.ReadUInt64LittleEndian(descriptor[8..]) % VhdxFacts.LogSector == 0)
                continue;
            if (kind != LogEntry.DataDescriptor || ++sectors > entry.Length / VhdxFacts.LogSector || !IsDataSector(entry, sectors - 1))
                return false;
        }

        return true;
    }

    private bool IsDataSector(LogEntry entry, long index)
    {
        Span<byte> sector = _buffer.AsSpan(0, VhdxFacts.LogSector);
        ReadLog(entry.Offset + (index * VhdxFacts.LogSector), sector);
        return BinaryPrimitives.ReadUInt32LittleEndian(sector) == LogEntry.DataSector
            && BinaryPrimitives.ReadUInt32LittleEndian(sector[4..]) == (uint)(entry.Sequence >> 32)
            && BinaryPrimitives.ReadUInt32LittleEndian(sector[4092..]) == (uint)entry.Sequence;
    }

    private void ReadDescriptor(LogEntry entry, int index, Span<byte> descriptor) =>
        ReadLog(entry.Offset + LogEntry.HeaderBytes + ((long)index * LogEntry.DescriptorBytes), descriptor);

    private void ReadLog(long at, Span<byte> destination)
    {
        at %= _header.LogLength;
        int first = (int)Math.Min(destination.Length, _header.LogLength - at);
        if (_store.Read(_header.LogOffset + at, destination[..first]) != DiskStatus.Ok
            || (first < destination.Length && _store.Read(_header.LogOffset, destination[first..]) != DiskStatus.Ok))
            throw new DiskException(_store.Path, "the log cannot be read", _header.LogOffset + at);
    }

    private void Spend(long bytes)
    {
        _budget -= bytes;
        if (_budget < 0)
            throw new DiskException(_store.Path, "the log's entries overlap each other; the image is damaged", _header.LogOffset);
    }

    /// <summary>Carries the writes out.</summary>
    /// <param name="target">The file itself, or a layer that keeps them in memory.</param>
    /// <exception cref="DiskException">A write has no business where it wants to go, the file was cut short, or the host fails.</exception>
    public void Play(FileStore target)
    {
        LogEntry head = Sequence[^1];
        if (head.FlushedFileOffset > target.Length)
            throw new DiskException(_store.Path, $"has {target.Length} bytes, and its log was written when it had {head.FlushedFileOffset}: it was cut short; restore it from a backup", _header.LogOffset + head.Offset);
        if (head.LastFileOffset > VhdxFacts.MaxFile)
            throw new DiskException(_store.Path, $"its log asks for a file of {head.LastFileOffset} bytes", _header.LogOffset + head.Offset);
        long end = Math.Max(target.Length, head.LastFileOffset);
        if (end > target.Length && target.SetLength(end) != DiskStatus.Ok)
            throw new DiskException(_store.Path, $"the file cannot be extended to {end} bytes, which replaying its log needs");
        foreach (LogEntry entry in Sequence)
            PlayEntry(entry, target, end);
    }

    private void PlayEntry(LogEntry entry, FileStore target, long end)
    {
        Span<byte> descriptor = stackalloc byte[LogEntry.DescriptorBytes];
        long sectors = LogEntry.DescriptorSectors(entry.Descriptors);
        for (int i = 0; i < entry.Descriptors; i++)
        {
            ReadDescriptor(entry, i, descriptor);
            bool data = BinaryPrimitives.ReadUInt32LittleEndian(descriptor) == LogEntry.DataDescriptor;
            long offset = BinaryPrimitives.ReadInt64LittleEndian(descriptor[16..]);
            long length = data ? VhdxFacts.LogSector : BinaryPrimitives.ReadInt64LittleEndian(descriptor[8..]);
            if (offset < VhdxFacts.RegionTable1 || length < 0 || offset > end - length || _header.IsInLog(offset, length))
                throw new DiskException(_store.Path, $"its log writes {length} bytes to 0x{offset:x}, where it has no business; the image is damaged", _header.LogOffset + entry.Offset);
            DiskStatus status = data ? PlaySector(entry, sectors++, descriptor, target, offset) : target.WriteZeroes(offset, length, mayUnmap: true);
            if (status != DiskStatus.Ok)
                throw new DiskException(_store.Path, $"the log cannot be replayed: {status}", offset);
        }
    }

    private DiskStatus PlaySector(LogEntry entry, long index, ReadOnlySpan<byte> descriptor, FileStore target, long offset)
    {
        Span<byte> sector = _buffer.AsSpan(0, VhdxFacts.LogSector);
        ReadLog(entry.Offset + (index * VhdxFacts.LogSector), sector);
        descriptor.Slice(8, 8).CopyTo(sector);
        descriptor.Slice(4, 4).CopyTo(sector[4092..]);
        return target.Write(offset, sector);
    }
}
