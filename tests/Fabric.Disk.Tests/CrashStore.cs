using Fabric.Disk.Storage;
using Fabric.Disk.Tests.Fuzz;

namespace Fabric.Disk.Tests;

/// <summary>A file in memory that remembers every write and barrier, so that any state a crash could leave can be rebuilt.</summary>
internal class CrashStore : FileStore
{
    private readonly Lock _gate = new();
    private readonly int _file;
    private byte[] _bytes;
    private long _length;

    /// <summary>Begins with some content.</summary>
    /// <param name="bytes">The content.</param>
    /// <param name="first">Another file whose events this one's join, or null: a crash takes both at one moment.</param>
    public CrashStore(byte[] bytes, CrashStore? first = null)
    {
        _bytes = bytes.ToArray();
        _length = bytes.Length;
        Initial = bytes;
        Events = first?.Events ?? [];
        _file = first is null ? 0 : 1;
    }

    /// <summary>One thing that was asked of a file. Data null and length −1: a barrier; data null otherwise: zeroes, or the file's new length.</summary>
    public readonly record struct Event(int File, long Offset, byte[]? Data, long Length, bool SetsLength = false)
    {
        public bool IsBarrier => Length < 0;
    }

    public byte[] Initial { get; }

    public List<Event> Events { get; }

    /// <summary>Writes that would extend the file beyond this answer NoSpace.</summary>
    public long MaxLength { get; set; } = long.MaxValue;

    /// <summary>Counts down with each write; at zero that one and all later ones fail.</summary>
    public int FailAfter { get; set; } = int.MaxValue;

    public override string Path => "memory";

    public override bool IsReadOnly => false;

    public override long Length => _length;

    public override long AllocatedBytes => _length;

    public override DiskStatus Read(long offset, Span<byte> destination, bool noWait = false)
    {
        lock (_gate)
        {
            destination.Clear();
            if (offset < _length)
                _bytes.AsSpan((int)offset, (int)Math.Min(destination.Length, _length - offset)).CopyTo(destination);
            return DiskStatus.Ok;
        }
    }

    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source)
    {
        lock (_gate)
        {
            if (offset + source.Length > MaxLength)
                return DiskStatus.NoSpace;
            if (FailAfter-- <= 0)
                return DiskStatus.IoError;
            Events.Add(new Event(_file, offset, source.ToArray(), source.Length));
            Apply(ref _bytes, ref _length, Events[^1]);
            return DiskStatus.Ok;
        }
    }

    public override DiskStatus WriteZeroes(long offset, long length, bool mayUnmap) => Write(offset, new byte[length]);

    public override DiskStatus PunchHole(long offset, long length)
    {
        lock (_gate)
        {
            Events.Add(new Event(_file, offset, null, Math.Max(0, Math.Min(length, _length - offset))));
            Apply(ref _bytes, ref _length, Events[^1]);
            return DiskStatus.Ok;
        }
    }

    public override DiskStatus Flush()
    {
        lock (_gate)
        {
            if (FailAfter <= 0)
                return DiskStatus.IoError;
            Events.Add(new Event(_file, 0, null, -1));
            return DiskStatus.Ok;
        }
    }

    public override DiskStatus SetLength(long length)
    {
        lock (_gate)
        {
            if (length > MaxLength)
                return DiskStatus.NoSpace;
            if (FailAfter-- <= 0)
                return DiskStatus.IoError;
            Events.Add(new Event(_file, length, null, 0, SetsLength: true));
            Apply(ref _bytes, ref _length, Events[^1]);
            return DiskStatus.Ok;
        }
    }

    public override bool IsData(long offset, out long length)
    {
        length = Math.Max(1, _length - offset);
        return true;
    }

    protected override void Dispose(bool disposing)
    {
    }

    private static void Apply(ref byte[] bytes, ref long length, Event change)
    {
        if (change.IsBarrier)
            return;
        if (change.SetsLength)
        {
            if (change.Offset > bytes.Length)
                Array.Resize(ref bytes, (int)change.Offset);
            if (change.Offset < length)
                bytes.AsSpan((int)change.Offset, (int)(length - change.Offset)).Clear();
            length = change.Offset;
            return;
        }

        long end = change.Offset + change.Length;
        if (end > bytes.Length)
            Array.Resize(ref bytes, (int)Math.Max(end, bytes.Length * 2L));
        length = Math.Max(length, end);
        Span<byte> place = bytes.AsSpan((int)change.Offset, (int)change.Length);
        if (change.Data is null)
            place.Clear();
        else
            change.Data.CopyTo(place);
    }

    /// <summary>The file after a crash just before an event: all up to the last barrier, and of what came after it what the chance picks,
    /// sector by sector and in any order.</summary>
    /// <param name="cut">Events before this one had been asked for.</param>
    /// <param name="random">Null keeps everything in order: a killed process rather than a lost power supply.</param>
    public byte[] AfterCrash(int cut, Random? random)
    {
        byte[] bytes = Initial.ToArray();
        long length = bytes.Length;
        int barrier = cut;
        while (random is not null && barrier > 0 && !(Events[barrier - 1].IsBarrier && Events[barrier - 1].File == _file))
            barrier--;
        for (int i = 0; i < barrier; i++)
            if (Events[i].File == _file)
                Apply(ref bytes, ref length, Events[i]);
        if (random is not null)
        {
            List<Event> pieces = [];
            int keep = random.Next(0, 101);
            for (int i = barrier; i < cut; i++)
                if (Events[i].File == _file && !Events[i].IsBarrier)
                    Cut(Events[i], pieces, random, keep);
            // Two writes to one sector keep their order: a disk's cache holds one copy of a sector. Everything else may be lost alone.
            foreach (Event piece in pieces)
                Apply(ref bytes, ref length, piece);
        }

        return bytes.AsSpan(0, (int)length).ToArray();
    }

    private static void Cut(Event whole, List<Event> pieces, Random random, int keep)
    {
        bool together = random.Next(2) == 0;
        bool kept = random.Next(100) < keep;
        if (whole.SetsLength && kept)
            pieces.Add(whole);
        for (long at = 0; at < whole.Length;)
        {
            int piece = (int)Math.Min(512 - ((whole.Offset + at) % 512), whole.Length - at);
            if (together ? kept : random.Next(100) < keep)
                pieces.Add(new Event(whole.File, whole.Offset + at, whole.Data?.AsSpan((int)at, piece).ToArray(), piece));
            at += piece;
        }
    }

    /// <summary>The same as <see cref="AfterCrash(int, Random?)"/> for large files: the changes since the last barrier are laid over a baseline
    /// that moves on with the cuts, which must not go backwards.</summary>
    public void AfterCrash(int cut, Random? random, CrashBaseline baseline, MemoryStore state)
    {
        int barrier = cut;
        while (barrier > 0 && !Events[barrier - 1].IsBarrier)
            barrier--;
        baseline.Advance(this, barrier);
        state.Reset(baseline.Bytes, int.MaxValue);
        List<Event> pieces = [];
        int keep = random?.Next(0, 101) ?? 100;
        for (int i = barrier; i < cut; i++)
        {
            if (random is null)
                pieces.Add(Events[i]);
            else
                Cut(Events[i], pieces, random, keep);
        }

        foreach (Event piece in pieces)
            Lay(piece, state);
    }

    private static void Lay(Event piece, MemoryStore state)
    {
        if (piece.SetsLength)
            state.SetLength(piece.Offset);
        else if (piece.Data is null)
            state.WriteZeroes(piece.Offset, piece.Length, mayUnmap: false);
        else
            state.Patch(piece.Offset, piece.Data);
    }

    /// <summary>The file as of a barrier.</summary>
    public sealed class CrashBaseline(CrashStore store)
    {
        private int _next;

        public byte[] Bytes { get; private set; } = store.Initial.ToArray();

        public void Advance(CrashStore of, int barrier)
        {
            byte[] bytes = Bytes;
            long length = bytes.Length;
            for (; _next < barrier; _next++)
                Apply(ref bytes, ref length, of.Events[_next]);
            if (length != bytes.Length)
                Array.Resize(ref bytes, (int)length);
            Bytes = bytes;
        }
    }
}
