using Fabric.Disk.Storage;

namespace Fabric.Disk.Tests.Fuzz;

/// <summary>A file in memory over shared, unchanged bytes: what is written goes to pages of its own, so thousands of variants of one image
/// cost only what they change. Every call draws on a budget, so that work without end ends in a failed test.</summary>
internal sealed class MemoryStore : FileStore
{
    private const int PageSize = 4096;
    private readonly Dictionary<long, byte[]> _pages = [];
    private readonly Stack<byte[]> _spare = [];
    private byte[] _below = [];
    private long _belowLength;
    private long _length;
    private bool _readOnly;

    /// <summary>The file never grows past this.</summary>
    public const long MaxLength = 64L << 20;

    /// <summary>Calls that are left.</summary>
    public int Budget { get; private set; } = int.MaxValue;

    public override string Path => "memory";

    public override bool IsReadOnly => _readOnly;

    public override long Length => _length;

    public override long AllocatedBytes => _length;

    /// <summary>Becomes a fresh variant of some bytes, which it only reads.</summary>
    public void Reset(byte[] below, int budget, bool readOnly = false)
    {
        foreach (byte[] page in _pages.Values)
            _spare.Push(page);
        _pages.Clear();
        _below = below;
        _belowLength = below.Length;
        _length = below.Length;
        _readOnly = readOnly;
        Budget = budget;
    }

    /// <summary>The same variant, opened anew.</summary>
    public void Reopen(bool readOnly) => _readOnly = readOnly;

    public byte[] ToArray()
    {
        byte[] all = new byte[_length];
        Copy(0, all);
        return all;
    }

    public override DiskStatus Read(long offset, Span<byte> destination, bool noWait = false)
    {
        Spend();
        Assert.True(offset >= 0, "a negative file offset was read");
        Copy(offset, destination);
        return DiskStatus.Ok;
    }

    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source)
    {
        Spend();
        Assert.False(_readOnly, "a file opened for reading was written");
        Assert.True(offset >= 0, "a negative file offset was written");
        if (offset > MaxLength - source.Length)
            return DiskStatus.NoSpace;
        Patch(offset, source);
        return DiskStatus.Ok;
    }

    /// <summary>Changes bytes without drawing on the budget.</summary>
    public void Patch(long offset, ReadOnlySpan<byte> source)
    {
        _length = Math.Max(_length, offset + source.Length);
        while (!source.IsEmpty)
        {
            int inside = (int)(offset % PageSize);
            int piece = Math.Min(source.Length, PageSize - inside);
            source[..piece].CopyTo(OwnPage(offset / PageSize).AsSpan(inside));
            source = source[piece..];
            offset += piece;
        }
    }

    public override DiskStatus WriteZeroes(long offset, long length, bool mayUnmap)
    {
        Spend();
        Assert.False(_readOnly, "a file opened for reading was written");
        if (offset < 0 || length < 0 || offset > MaxLength - length)
            return DiskStatus.NoSpace;
        Clear(offset, length);
        _length = Math.Max(_length, offset + length);
        return DiskStatus.Ok;
    }

    public override DiskStatus PunchHole(long offset, long length)
    {
        Spend();
        Assert.False(_readOnly, "a file opened for reading was written");
        if (offset >= 0 && offset < _length)
            Clear(offset, Math.Min(length, _length - offset));
        return DiskStatus.Ok;
    }

    public override DiskStatus Flush()
    {
        Spend();
        return DiskStatus.Ok;
    }

    public override DiskStatus SetLength(long length)
    {
        Spend();
        if (length > MaxLength)
            return DiskStatus.NoSpace;
        if (length < _length)
            Forget(length);
        _length = length;
        return DiskStatus.Ok;
    }

    public override bool IsData(long offset, out long length)
    {
        Spend();
        length = Math.Max(1, _length - offset);
        return true;
    }

    protected override void Dispose(bool disposing)
    {
    }

    private void Spend() => Assert.True(--Budget >= 0, "the file was asked again and again without end");

    private void Copy(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int inside = (int)(offset % PageSize);
            int piece = Math.Min(destination.Length, PageSize - inside);
            if (_pages.TryGetValue(offset / PageSize, out byte[]? page))
                page.AsSpan(inside, piece).CopyTo(destination);
            else
                CopyBelow(offset, destination[..piece]);
            destination = destination[piece..];
            offset += piece;
        }
    }

    private void Forget(long from)
    {
        _belowLength = Math.Min(_belowLength, from);
        foreach ((long number, byte[] page) in _pages)
            if ((number + 1) * PageSize > from)
                page.AsSpan((int)Math.Max(0, from - (number * PageSize))).Clear();
    }

    private void CopyBelow(long offset, Span<byte> destination)
    {
        int there = (int)Math.Clamp(_belowLength - offset, 0, destination.Length);
        if (there > 0)
            _below.AsSpan((int)offset, there).CopyTo(destination);
        destination[there..].Clear();
    }

    private byte[] OwnPage(long number)
    {
        if (!_pages.TryGetValue(number, out byte[]? page))
        {
            page = _spare.Count > 0 ? _spare.Pop() : new byte[PageSize];
            CopyBelow(number * PageSize, page);
            _pages.Add(number, page);
        }

        return page;
    }

    private void Clear(long offset, long length)
    {
        for (long end = offset + length; offset < end;)
        {
            int inside = (int)(offset % PageSize);
            int piece = (int)Math.Min(end - offset, PageSize - inside);
            OwnPage(offset / PageSize).AsSpan(inside, piece).Clear();
            offset += piece;
        }
    }
}
