namespace Fabric.Disk.Qcow2;

/// <summary>Entries on their way to the file while requests go on: copies, taken at the moment the flush began.</summary>
/// <remarks>Filled and emptied under the image's lock; its writes are made without.</remarks>
internal sealed class FlushRound
{
    private readonly List<byte[]> _buffers = [];
    private readonly List<(long Place, int Length)> _writes = [];

    /// <summary>Pieces that are in it; they must stay in the cache until it is over.</summary>
    public List<L2Slice> Slices { get; } = [];

    /// <summary>Sectors of the L1 table that are in it.</summary>
    public List<int> L1Sectors { get; } = [];

    /// <summary>Set when its writes are done, one way or the other.</summary>
    public ManualResetEventSlim Done { get; } = new();

    /// <summary>How the writes went; valid when <see cref="Done"/> is set.</summary>
    public DiskStatus Status { get; set; }

    /// <summary>What follows from it has been drawn.</summary>
    public bool Completed { get; set; }

    /// <summary>Number of writes.</summary>
    public int Count => _writes.Count;

    /// <summary>Takes a copy of bytes that are to be written.</summary>
    public void Add(long place, ReadOnlySpan<byte> bytes)
    {
        if (_buffers.Count == _writes.Count)
            _buffers.Add(new byte[ClusterMap.MaxSliceBytes]);
        bytes.CopyTo(_buffers[_writes.Count]);
        _writes.Add((place, bytes.Length));
    }

    /// <summary>One of the writes.</summary>
    public ReadOnlySpan<byte> Write(int index, out long place)
    {
        place = _writes[index].Place;
        return _buffers[index].AsSpan(0, _writes[index].Length);
    }

    /// <summary>Makes it ready for the next flush.</summary>
    public void Clear()
    {
        _writes.Clear();
        Slices.Clear();
        L1Sectors.Clear();
        Done.Reset();
        Completed = false;
    }
}
