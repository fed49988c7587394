using System.Diagnostics;
using System.Globalization;
using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk bench</c>: equal requests at equal steps, so many at once, timed.</summary>
internal sealed class BenchVerb : DiskVerb
{
    public override string Name => "bench";

    public override string Description => "Time reads or writes of an image";

    public override string Operands => "FILE";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, ForceShare, Quiet,
        new('c', null, "COUNT", "Number of requests (default: 75000)"),
        new('d', null, "DEPTH", "Requests at once, each from a thread of its own (default: 64)"),
        new('o', null, "OFFSET", "Where the first one goes"),
        new('s', null, "SIZE", "Bytes of a request (default: 4k)"),
        new('S', null, "STEP", "From one request to the next (default: the size)"),
        new('w', null, null, "Write; what the image held is lost"),
        new('\0', "pattern", "BYTE", "What to write"),
        new('\0', "flush-interval", "COUNT", "Flush after so many writes"),
        new('n', "native", null, ""),
        new('i', "aio", "MODE", ""),
        new('t', null, "MODE", ""),
        new('\0', "no-drain", null, ""),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk bench -w -c 100000 -s 4k -S 64k -d 1 scratch.qcow2"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        DiskName name = OneImage(arguments);
        CheckCacheMode(arguments, "t", "Invalid cache mode");
        bool writes = arguments.Has("w");
        int count = Number(arguments, "c", 75000, "Invalid request count specified");
        int depth = Number(arguments, "d", 64, "Invalid queue depth specified");
        long size = arguments.Value("s") is { } one ? DiskSize.Parse("buffer size", one) : 4096;
        long step = arguments.Value("S") is { } wide ? DiskSize.Parse("step_size", wide) : size;
        long start = arguments.Value("o") is { } from ? DiskSize.Parse("offset", from) : 0;
        int flushes = Number(arguments, "flush-interval", 0, "Invalid flush interval specified");
        if (flushes > 0 && !writes)
            throw new DiskToolException("--flush-interval is only available in write tests");
        using ImageDisk disk = session.Open(name, OpenOptions(arguments, readOnly: !writes));
        if (size is < 1 or > 1 << 30 || size > disk.Length)
            throw new DiskToolException("the size of a request must lie between 1 and that of the disk");
        session.Say($"Sending {count} {(writes ? "write" : "read")} requests, {size} bytes each, {depth} in parallel (starting at offset {start}, step size {(step == 0 ? size : step)})");
        if (flushes > 0)
            session.Say($"Sending flush every {flushes} requests");
        byte pattern = (byte)Number(arguments, "pattern", 0, "Invalid pattern byte specified");
        long began = Stopwatch.GetTimestamp();
        Measure(new Load(disk, writes, count, start, step == 0 ? size : step, (int)size, flushes, pattern), depth, session.Cancel);
        session.Say(string.Create(CultureInfo.InvariantCulture, $"Run completed in {Stopwatch.GetElapsedTime(began).TotalSeconds:F3} seconds."));
        return 0;
    }

    private static int Number(DiskArguments arguments, string option, int normal, string complaint) =>
        arguments.Value(option) is not { } text ? normal
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
        : throw new DiskToolException(complaint);

    private sealed record Load(ImageDisk Disk, bool Writes, int Count, long Start, long Step, int Size, int Flushes, byte Pattern);

    private static void Measure(Load load, int depth, CancellationToken cancel)
    {
        int next = 0;
        DiskStatus failed = DiskStatus.Ok;
        Thread[] threads = [.. Enumerable.Range(0, depth - 1).Select(_ => new Thread(Work) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        Work();
        foreach (Thread thread in threads)
            thread.Join();
        cancel.ThrowIfCancellationRequested();
        DiskStatus flushed = load.Writes ? load.Disk.Flush() : DiskStatus.Ok;
        if (failed != DiskStatus.Ok || flushed != DiskStatus.Ok)
            throw new DiskToolException($"Failed request: {(failed == DiskStatus.Ok ? flushed : failed)}");

        void Work()
        {
            byte[] buffer = new byte[load.Size];
            buffer.AsSpan().Fill(load.Pattern);
            long last = load.Disk.Length - load.Size;
            for (int i = Interlocked.Increment(ref next) - 1; i < load.Count && failed == DiskStatus.Ok && !cancel.IsCancellationRequested; i = Interlocked.Increment(ref next) - 1)
            {
                long offset = last == 0 ? 0 : (load.Start + (i * load.Step)) % (last + 1);
                DiskStatus status = load.Writes ? load.Disk.Write(offset, buffer) : load.Disk.Read(offset, buffer);
                if (status == DiskStatus.Ok && load.Flushes > 0 && (i + 1) % load.Flushes == 0)
                    status = load.Disk.Flush();
                if (status != DiskStatus.Ok)
                    failed = status;
            }
        }
    }
}
