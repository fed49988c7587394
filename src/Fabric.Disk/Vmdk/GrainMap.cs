using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>A sparse extent's grain directory and grain tables, with their redundant copies: where each grain stands.</summary>
/// <remarks>The directory is in memory whole, tables as they are used, up to a bound. Looking up takes no lock once a table is there. Changes
/// stay in memory until <see cref="WriteOutLocked"/>, which writes both copies.</remarks>
internal sealed class GrainMap
{
    private readonly FileStore _store;
    private readonly SparseHeader _header;
    private readonly uint[] _directory;
    private readonly uint[] _redundant;
    private readonly GrainTable?[] _tables;
    private readonly Queue<int> _loaded = new();
    private readonly List<GrainTable> _dirty = [];
    private readonly List<int> _dirtyDirectory = [];
    private readonly List<(long Start, long End)> _structures = [];
    private readonly byte[] _buffer;
    private readonly int _maxLoaded;
    private readonly long _grainSize;
    private readonly int _sectorsPerGrain;
    private readonly bool _zeroedGrains;

    /// <summary>Reads the directories.</summary>
    /// <param name="store">The file.</param>
    /// <param name="header">Its header.</param>
    /// <param name="cacheBytes">Bound of the tables in memory.</param>
    /// <exception cref="DiskException">They cannot be read; or, in a file open for writing, structures overlap or lie outside.</exception>
    public GrainMap(FileStore store, SparseHeader header, int cacheBytes)
    {
        _store = store;
        _header = header;
        _grainSize = header.GrainSectors * 512L;
        _sectorsPerGrain = header.GrainSectors;
        _zeroedGrains = (header.Flags & SparseHeader.ZeroedGrains) != 0;
        _directory = ReadDirectory(header.Directory);
        _redundant = header.RedundantDirectory != 0 && !store.IsReadOnly ? ReadDirectory(header.RedundantDirectory) : [];
        _tables = new GrainTable?[_directory.Length];
        _buffer = new byte[header.TableSectors * 512];
        _maxLoaded = Math.Max(4, cacheBytes / (_buffer.Length + 100));
        if (!store.IsReadOnly)
            CollectStructures();
    }

    /// <summary>Bytes of the disk that one table maps.</summary>
    public long TableSpan => _grainSize * _header.TableEntries;

    /// <summary>Tables or directory entries were changed.</summary>
    public bool IsDirty => _dirty.Count + _dirtyDirectory.Count > 0;

    /// <summary>True when entries can say zero.</summary>
    public bool CanZero => _zeroedGrains;

    private uint[] ReadDirectory(long sector)
    {
        uint[] directory = new uint[_header.DirectoryEntries];
        if (_store.Read(sector * 512, MemoryMarshal.AsBytes(directory.AsSpan())) != DiskStatus.Ok)
            throw new DiskException(_store.Path, "a grain directory cannot be read", sector * 512);
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(directory, directory);
        return directory;
    }

    private void CollectStructures()
    {
        _structures.Add((0, 1));
        Add(_header.DescriptorSector, _header.DescriptorSectors);
        Add(_header.Directory, _header.DirectorySectors);
        if (_redundant.Length > 0)
            Add(_header.RedundantDirectory, _header.DirectorySectors);
        foreach (uint table in _directory)
            Add(table, _header.TableSectors);
        foreach (uint table in _redundant)
            Add(table, _header.TableSectors);
        _structures.Sort();
        long end = 0;
        foreach ((long start, long behind) in _structures)
        {
            if (start < end)
                throw new DiskException(_store.Path, $"its structures overlap, so it must not be written; open it read-only and copy what is left", start * 512);
            end = behind;
        }

        if (end > (_store.Length + 511) >> 9)
            throw new DiskException(_store.Path, "a grain table lies outside the file, so it must not be written; open it read-only and copy what is left", end * 512);
    }

    private void Add(long start, long count)
    {
        if (start > 0 && count > 0)
            _structures.Add((start, start + count));
    }

    /// <summary>Looks a place up.</summary>
    /// <param name="inside">First byte inside the extent.</param>
    /// <param name="length">Longest run wanted.</param>
    /// <param name="run">The run.</param>
    /// <returns>False when the table must be loaded first.</returns>
    public bool TryFind(long inside, long length, out GrainRun run)
    {
        int index = (int)(inside / TableSpan);
        long inTable = inside % TableSpan;
        length = Math.Min(length, TableSpan - inTable);
        run = new GrainRun(GrainKind.Absent, length, 0);
        if (Volatile.Read(ref _directory[index]) == 0)
            return true;
        GrainTable? table = Volatile.Read(ref _tables[index]);
        if (table is null)
            return false;
        run = RunAt(table, inTable, length);
        return true;
    }

    /// <summary>The run inside a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="inTable">First byte inside what it maps.</param>
    /// <param name="length">Longest run wanted, inside what it maps.</param>
    public GrainRun RunAt(GrainTable table, long inTable, long length)
    {
        int grain = (int)(inTable / _grainSize);
        int inGrain = (int)(inTable % _grainSize);
        uint first = Volatile.Read(ref table.Entries[grain]);
        GrainKind kind = KindOf(first);
        long run = _grainSize - inGrain;
        uint step = kind == GrainKind.Stored ? (uint)_sectorsPerGrain : 0;
        // Compressed grains are found one by one: their places say nothing of each other.
        for (uint next = first + step; run < length && !_header.Compressed && next >= first; next += step, run += _grainSize)
            if (Volatile.Read(ref table.Entries[++grain]) != next)
                break;
        return new GrainRun(kind, Math.Min(run, length), kind == GrainKind.Stored ? (first * 512L) + (_header.Compressed ? 0 : inGrain) : 0);
    }

    private GrainKind KindOf(uint entry) => entry switch
    {
        0 => GrainKind.Absent,
        GrainTable.Bad => GrainKind.Bad,
        GrainTable.Zeroed when _zeroedGrains => GrainKind.Zeroed,
        _ => GrainKind.Stored,
    };

    /// <summary>Brings the table of a place into memory.</summary>
    /// <param name="inside">A byte inside the extent, in a table that exists.</param>
    /// <param name="noWait">As in <see cref="FileStore.Read"/>.</param>
    /// <param name="table">The table, or null when the answer is not Ok. <see cref="DiskStatus.NoSpace"/> is never the answer, but a full
    /// cache of changed tables is: see <see cref="NeedsRoomLocked"/>.</param>
    public DiskStatus LoadLocked(long inside, bool noWait, out GrainTable? table)
    {
        int index = (int)(inside / TableSpan);
        table = _tables[index];
        if (table is not null)
            return DiskStatus.Ok;
        DiskStatus status = ReadTable(index, noWait, out table);
        if (table is null)
            return status;
        EvictLocked();
        _loaded.Enqueue(index);
        Volatile.Write(ref _tables[index], table);
        return DiskStatus.Ok;
    }

    /// <summary>True when so many tables are changed that they should be written out first.</summary>
    public bool NeedsRoomLocked => _dirty.Count >= _maxLoaded / 2;

    private void EvictLocked()
    {
        for (int tries = _loaded.Count; tries > 0 && _loaded.Count >= _maxLoaded; tries--)
        {
            int oldest = _loaded.Dequeue();
            if (_tables[oldest]!.Dirty)
                _loaded.Enqueue(oldest);
            else
                Volatile.Write(ref _tables[oldest], null);
        }
    }

    private DiskStatus ReadTable(int index, bool noWait, out GrainTable? table)
    {
        table = null;
        long place = _directory[index] * 512L;
        long end = _store.Length;
        uint[] read = new uint[_header.TableEntries];
        DiskStatus status = DiskStatus.Ok;
        if (place >= end)
            read.AsSpan().Fill(GrainTable.Bad);
        else
            status = _store.Read(place, MemoryMarshal.AsBytes(read.AsSpan()), noWait);
        if (status != DiskStatus.Ok)
            return status;
        if (!BitConverter.IsLittleEndian)
            BinaryPrimitives.ReverseEndianness(read, read);
        table = new GrainTable(index, read);
        for (int i = 0; i < read.Length; i++)
            if (KindOf(read[i]) == GrainKind.Stored && (read[i] * 512L >= end || HitsStructure(read[i])))
                table.MarkBad(i);
        return DiskStatus.Ok;
    }

    private bool HitsStructure(uint sector)
    {
        if (_structures.Count == 0)
            return false;
        long end = sector + (_header.Compressed ? 1L : _sectorsPerGrain);
        int at = _structures.BinarySearch((sector, long.MaxValue));
        at = at < 0 ? ~at : at;
        return (at > 0 && _structures[at - 1].End > sector) || (at < _structures.Count && _structures[at].Start < end);
    }

    /// <summary>Changes an entry in memory; what it names must be in the file before the map is written out.</summary>
    public void SetLocked(GrainTable table, int grain, uint entry)
    {
        Volatile.Write(ref table.Entries[grain], entry);
        if (table.Dirty)
            return;
        table.Dirty = true;
        _dirty.Add(table);
    }

    /// <summary>Gives a directory's entry a new, empty table.</summary>
    /// <param name="inside">A byte that the table is to map.</param>
    /// <param name="sector">Place for the table and, behind it, its redundant copy: zeroes in the file already.</param>
    public void AddTableLocked(long inside, uint sector)
    {
        int index = (int)(inside / TableSpan);
        if (_redundant.Length > 0 && _redundant[index] == 0)
            _redundant[index] = sector + (uint)_header.TableSectors;
        _structures.Add((sector, sector + NewTableSectors));
        EvictLocked();
        _tables[index] = new GrainTable(index, new uint[_header.TableEntries]);
        _loaded.Enqueue(index);
        _dirtyDirectory.Add(index);
        Volatile.Write(ref _directory[index], sector);
    }

    /// <summary>True when the directory has no table for a place.</summary>
    public bool LacksTable(long inside) => _directory[(int)(inside / TableSpan)] == 0;

    /// <summary>The sector behind a table and its redundant copy.</summary>
    public long TableEnd(long inside)
    {
        int index = (int)(inside / TableSpan);
        return Math.Max(_directory[index], _redundant.Length > 0 ? _redundant[index] : 0) + (long)_header.TableSectors;
    }

    /// <summary>Sectors that a new table and its redundant copy take.</summary>
    public int NewTableSectors => _header.TableSectors * (_redundant.Length > 0 ? 2 : 1);

    /// <summary>Writes what was changed; grains and new tables must be on stable storage.</summary>
    public DiskStatus WriteOutLocked()
    {
        while (_dirty.Count > 0)
        {
            GrainTable table = _dirty[^1];
            DiskStatus status = WriteTable(table);
            if (status != DiskStatus.Ok)
                return status;
            table.Dirty = false;
            _dirty.RemoveAt(_dirty.Count - 1);
        }

        while (_dirtyDirectory.Count > 0)
        {
            int index = _dirtyDirectory[^1];
            DiskStatus status = WriteDirectoryEntry(_header.Directory, index, _directory[index]);
            if (status == DiskStatus.Ok && _redundant.Length > 0)
                status = WriteDirectoryEntry(_header.RedundantDirectory, index, _redundant[index]);
            if (status != DiskStatus.Ok)
                return status;
            _dirtyDirectory.RemoveAt(_dirtyDirectory.Count - 1);
        }

        return DiskStatus.Ok;
    }

    private DiskStatus WriteTable(GrainTable table)
    {
        Span<byte> bytes = _buffer.AsSpan(0, table.Entries.Length * 4);
        for (int i = 0; i < table.Entries.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(i * 4)..], table.InFile(i));
        DiskStatus status = _store.Write(_directory[table.Index] * 512L, bytes);
        if (status == DiskStatus.Ok && _redundant.Length > 0 && _redundant[table.Index] != 0)
            status = _store.Write(_redundant[table.Index] * 512L, bytes);
        return status;
    }

    private DiskStatus WriteDirectoryEntry(long directory, int index, uint entry)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, entry);
        return _store.Write((directory * 512) + (index * 4L), bytes);
    }
}
