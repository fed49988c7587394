using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhdx;

/// <summary>A file opened for reading, with the writes of its log kept in memory: what the file will be once the log has been replayed.</summary>
/// <remarks>Filled by <see cref="LogReplay.Play"/> before anybody else sees it, and read only afterwards. A sector is either in the table, or zero
/// because it lies in one of the zeroed runs, or as the file has it; a run takes sectors out of the table that it covers.</remarks>
internal sealed class ReplayedStore(FileStore below) : FileStore
{
    private readonly Dictionary<long, byte[]> _sectors = [];
    private readonly List<(long Start, long End)> _zeroes = [];
    private long _length = below.Length;

    /// <inheritdoc/>
    public override string Path => below.Path;

    /// <inheritdoc/>
    public override bool IsReadOnly => true;

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override long AllocatedBytes => below.AllocatedBytes;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, bool noWait = false)
    {
        DiskStatus status = below.Read(offset, destination, noWait);
        if (status != DiskStatus.Ok)
            return status;
        long end = offset + destination.Length;
        foreach ((long start, long stop) in _zeroes)
            if (start < end && stop > offset)
                destination[(int)Math.Max(0, start - offset)..(int)Math.Min(destination.Length, stop - offset)].Clear();
        for (long sector = offset / VhdxFacts.LogSector; sector * VhdxFacts.LogSector < end; sector++)
        {
            if (!_sectors.TryGetValue(sector, out byte[]? bytes))
                continue;
            long from = Math.Max(offset, sector * VhdxFacts.LogSector);
            long to = Math.Min(end, (sector + 1) * VhdxFacts.LogSector);
            bytes.AsSpan((int)(from % VhdxFacts.LogSector), (int)(to - from)).CopyTo(destination[(int)(from - offset)..]);
        }

        return DiskStatus.Ok;
    }

    /// <summary>True when the log wrote into a range, so that the file itself holds something else there.</summary>
    public bool Differs(long offset, long length)
    {
        foreach ((long start, long end) in _zeroes)
            if (start < offset + length && end > offset)
                return true;
        foreach (long sector in _sectors.Keys)
            if (sector * VhdxFacts.LogSector < offset + length && (sector + 1) * VhdxFacts.LogSector > offset)
                return true;
        return false;
    }

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source)
    {
        for (; !source.IsEmpty; source = source[VhdxFacts.LogSector..], offset += VhdxFacts.LogSector)
            _sectors[offset / VhdxFacts.LogSector] = source[..VhdxFacts.LogSector].ToArray();
        _length = Math.Max(_length, offset);
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, bool mayUnmap)
    {
        foreach (long sector in _sectors.Keys.Where(sector => sector * VhdxFacts.LogSector >= offset && sector * VhdxFacts.LogSector < offset + length).ToList())
            _sectors.Remove(sector);
        _zeroes.Add((offset, offset + length));
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus PunchHole(long offset, long length) => DiskStatus.ReadOnly;

    /// <inheritdoc/>
    public override DiskStatus Flush() => DiskStatus.Ok;

    /// <inheritdoc/>
    public override DiskStatus SetLength(long length)
    {
        _length = length;
        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override bool IsData(long offset, out long length)
    {
        length = Math.Max(1, _length - offset);
        return true;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => below.Dispose();
}
