using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhd;

/// <summary>The block allocation table: a sector number for each block, or <see cref="uint.MaxValue"/>. Kept in memory whole; changes go to the
/// file a sector at a time.</summary>
internal sealed class BlockTable
{
    private const uint Unused = uint.MaxValue;
    private readonly FileStore _store;
    private readonly VhdHeader _header;
    private readonly uint[] _entries;
    private readonly Stack<int> _dirty = new();
    private readonly long _blockBytes;

    private BlockTable(FileStore store, VhdHeader header, uint[] entries)
    {
        _store = store;
        _header = header;
        _entries = entries;
        _blockBytes = header.BitmapSize + (long)header.BlockSize;
        FreeOffset = Math.Max(header.Offset + VhdHeader.Size, header.TableOffset + header.TableBytes);
    }

    /// <summary>Blocks of the disk.</summary>
    public int Count => _entries.Length;

    /// <summary>Where the file's structures and blocks end, in bytes; a multiple of 512. The footer stands here or behind.</summary>
    public long FreeOffset { get; set; }

    /// <summary>Entries that were changed since they were last written.</summary>
    public bool IsDirty => _dirty.Count > 0;

    /// <summary>Reads the table, as far as the disk's length needs it.</summary>
    /// <exception cref="DiskException">It cannot be read.</exception>
    public static BlockTable Read(FileStore store, VhdHeader header, long length)
    {
        uint[] entries = new uint[(length + header.BlockSize - 1) / header.BlockSize];
        if (store.Read(header.TableOffset, MemoryMarshal.AsBytes(entries.AsSpan())) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the block allocation table cannot be read", header.TableOffset);
        BinaryPrimitives.ReverseEndianness(entries, entries);
        return new BlockTable(store, header, entries);
    }

    /// <summary>The sector where a block's bitmap stands, or a mark.</summary>
    public uint Entry(int block) => Volatile.Read(ref _entries[block]);

    /// <summary>How many blocks from one on were never written.</summary>
    public int UnusedFrom(int block)
    {
        int at = _entries.AsSpan(block).IndexOfAnyExcept(Unused);
        return at < 0 ? _entries.Length - block : at;
    }

    /// <summary>Marks blocks that do not begin inside the file: for reading what is left of a damaged image.</summary>
    public void MarkOutside(long fileLength)
    {
        foreach (ref uint entry in _entries.AsSpan())
            if (entry != Unused && (entry * 512L) + _header.BitmapSize >= fileLength)
                entry = Unused - 1;
    }

    /// <summary>Expects that blocks lie inside the file, apart from each other and from the structures.</summary>
    /// <param name="fileLength">Length of the file in bytes.</param>
    /// <param name="others">Further places that are taken: offset and length in bytes.</param>
    /// <exception cref="DiskException">They do not.</exception>
    public void ExpectApart(long fileLength, params ReadOnlySpan<(long Offset, long Length)> others)
    {
        List<(long Offset, long Length)> taken = [(0, VhdFooter.Size), (_header.Offset, VhdHeader.Size), (_header.TableOffset, _header.TableBytes), .. others];
        taken.Sort();
        bool apart = true;
        for (int i = 1; i < taken.Count; i++)
            apart &= taken[i - 1].Offset + taken[i - 1].Length <= taken[i].Offset;
        uint[] used = Array.FindAll(_entries, entry => entry != Unused);
        Array.Sort(used);
        long end = 0;
        foreach (uint entry in used)
        {
            long start = entry * 512L;
            apart &= start >= end;
            end = start + _blockBytes;
            foreach ((long offset, long length) in taken)
                apart &= end <= offset || start >= offset + length;
        }

        if (!apart)
            throw new DiskException(_store.Path, "its blocks and tables overlap, so it must not be written; open it read-only and copy what is left");
        foreach ((long offset, long length) in taken)
            end = Math.Max(end, offset + length);
        if (end > fileLength)
            throw new DiskException(_store.Path, $"its blocks end at 0x{end:x}, behind the end of the file: it was cut off; open it read-only and copy what is left");
        FreeOffset = (end + 511) & ~511L;
    }

    /// <summary>The table as it stands in a file, filled up with unused entries.</summary>
    /// <param name="length">Length in bytes.</param>
    public byte[] ToBytes(long length)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, (byte)0xff);
        for (int i = 0; i < _entries.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * 4), _entries[i]);
        return bytes;
    }

    /// <summary>Gives a block its place; the file learns it later.</summary>
    public void SetLocked(int block, uint entry)
    {
        Volatile.Write(ref _entries[block], entry);
        int sector = block >> 7;
        if (_dirty.Count == 0 || _dirty.Peek() != sector)
            _dirty.Push(sector);
    }

    /// <summary>Writes changed entries; what they name must be on stable storage.</summary>
    public DiskStatus WriteOutLocked()
    {
        Span<uint> sector = stackalloc uint[128];
        while (_dirty.TryPeek(out int number))
        {
            Span<uint> from = _entries.AsSpan(number << 7);
            from = from[..Math.Min(128, from.Length)];
            BinaryPrimitives.ReverseEndianness(from, sector[..from.Length]);
            DiskStatus status = _store.Write(_header.TableOffset + (number * 512L), MemoryMarshal.AsBytes(sector[..from.Length]));
            if (status != DiskStatus.Ok)
                return status;
            _dirty.Pop();
        }

        return DiskStatus.Ok;
    }
}
