using System.Globalization;
using Fabric.Disk;
using Fabric.Disk.Operations;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk convert</c>.</summary>
/// <remarks>A target made here is removed again when the work fails or is interrupted. A killed run leaves a target that is no use: the next
/// run replaces it.</remarks>
internal sealed class ConvertVerb : DiskVerb
{
    private const int MostWorkers = 16;
    private const long MostSparse = 16 << 20;

    public override string Name => "convert";

    public override string Description => "Copy images to a new one, of the same or another format";

    public override string Operands => "FILE... TARGET";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, ForceShare, Quiet, Progress,
        new('O', null, "FORMAT", "Format to make (default: raw)"),
        new('o', null, "OPTIONS", "Options of the format, as name=value,…; -o help lists them"),
        new('B', null, "BASE", "Make a thin overlay of this base, which the source is over, too"),
        new('F', null, "FORMAT", "Format of the base"),
        new('c', null, null, "Compress"),
        new('m', null, "N", "Work on so many pieces at once"),
        new('W', null, null, "Write in any order"),
        new('S', null, "SIZE", "Leave out runs of zeroes of at least this size (default: 4k; 0 writes everything)"),
        new('n', null, null, "Write into a target that exists"),
        new('\0', "target-is-zero", null, "With -n: the target reads as zeroes"),
        new('l', null, "SNAPSHOT", "Copy this snapshot of the image"),
        new('\0', "salvage", null, "Take what cannot be read for zeroes and go on"),
        new('\0', "target-image-opts", null, "With -n: the target's name is a list of options"),
        new('C', null, null, ""),
        new('t', null, "MODE", ""),
        new('T', null, "MODE", ""),
        new('r', null, "RATE", ""),
        new('\0', "bitmaps", null, ""),
        new('\0', "skip-broken-bitmaps", null, ""),
    ];

    public override IReadOnlyList<string> Examples { get; } =
        ["fabric disk convert -O raw disk.vhdx disk.img", "fabric disk convert -f raw -O qcow2 -c disk.img disk.qcow2", "fabric disk convert -O vhdx alice.qcow2 alice.vhdx"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        Validate(arguments);
        string? targetFormat = arguments.Value("O") ?? (arguments.Has("target-image-opts") ? null : "raw");
        if (arguments.Values("o").Any(KeyValues.AsksForHelp))
        {
            session.Print(CreationOptions.Help(DiskSession.Format(targetFormat, $"Unknown file format '{targetFormat}'")!.Value));
            return 0;
        }

        if (arguments.Operands.Count < 2)
            throw new DiskToolException("Must specify image file name");
        CheckCacheMode(arguments, "T", "Invalid source cache option");
        CheckCacheMode(arguments, "t", "Invalid cache option");
        List<IDisk> sources = [];
        try
        {
            Convert(sources, DiskSession.Format(targetFormat, $"Unknown file format '{targetFormat}'"), arguments, session);
        }
        finally
        {
            foreach (IDisk source in Enumerable.Reverse(sources))
                source.Dispose();
        }

        return 0;
    }

    private static void Validate(DiskArguments arguments)
    {
        if (arguments.Has("c") && arguments.Has("C"))
            throw new DiskToolException("Cannot enable copy offloading when -c is used");
        if (arguments.Has("S") && arguments.Has("C"))
            throw new DiskToolException("Cannot enable copy offloading when -S is used");
        if (arguments.Has("C") && arguments.Has("salvage"))
            throw new DiskToolException("Cannot use copy offloading in salvaging mode");
        if (arguments.Has("target-image-opts") && !arguments.Has("n"))
            throw new DiskToolException("--target-image-opts requires use of -n flag");
        if (arguments.Has("n") && arguments.Has("o"))
            throw new DiskToolException("-o has no effect when skipping image creation");
        if (arguments.Has("target-is-zero") && !arguments.Has("n"))
            throw new DiskToolException("--target-is-zero requires use of -n flag");
        if (arguments.Has("bitmaps"))
            throw new DiskToolException("Copying bitmaps is not supported");
    }

    private static void Convert(List<IDisk> sources, DiskFormat? format, DiskArguments arguments, DiskSession session)
    {
        ConvertOptions how = ReadOptions(arguments, session);
        foreach (string text in arguments.Operands.SkipLast(1))
            sources.Add(session.Open(NameOf(arguments, text), OpenOptions(arguments, readOnly: true)));
        IReadOnlyList<IDisk> copied = sources;
        if (arguments.Value("l") is { } snapshot)
        {
            if (sources.Count > 1)
                throw new DiskToolException("No support for concatenating multiple snapshot");
            IDisk view = SnapshotName.Open((ImageDisk)sources[0], snapshot);
            sources.Add(view);
            copied = [view];
        }

        string path = arguments.Operands[^1];
        bool exists = arguments.Has("n");
        DiskName target = DiskName.Parse(path, arguments.Has("target-image-opts"), format);
        bool hasBase = exists ? arguments.Has("B") : Create(target.Path, format!.Value, copied, arguments, session);
        if (hasBase && arguments.Has("target-is-zero"))
            throw new DiskToolException("Cannot use --target-is-zero when the destination image has a backing file");
        bool done = false;
        try
        {
            DiskOpenOptions options = OpenOptions(arguments, readOnly: false) with { WithoutBacking = false };
            using ImageDisk disk = session.Open(target, options);
            how = how with { TargetHasBacking = hasBase, TargetIsZero = !hasBase && how.SparseBytes > 0 && (!exists || arguments.Has("target-is-zero")) };
            Copy(copied, disk, how, arguments, session);
            done = true;
        }
        finally
        {
            if (!done && !exists)
                File.Delete(target.Path);
        }
    }

    private static void Copy(IReadOnlyList<IDisk> sources, ImageDisk target, ConvertOptions how, DiskArguments arguments, DiskSession session)
    {
        DiskProgressLine? line = DiskProgressLine.For(session, arguments.Has("p"));
        bool done = false;
        try
        {
            ImageConverter.Convert(sources, target, how, line, session.Cancel);
            done = true;
        }
        catch (DiskException e)
        {
            throw new DiskToolException(e.Reason);
        }
        finally
        {
            line?.End(done);
        }
    }

    private static bool Create(string path, DiskFormat format, IReadOnlyList<IDisk> sources, DiskArguments arguments, DiskSession session)
    {
        CreationOptions options = CreationOptions.Read(format, arguments.Values("o"), arguments.Value("B"), arguments.Value("F"));
        if (options.BasePath is not null && sources.Count > 1)
            throw new DiskToolException("Having a backing file for the target makes no sense when concatenating multiple input images");
        if (options.BasePath is not null && options.BaseFormat is null)
            throw new DiskToolException("Use of backing file requires explicit backing format");
        if (arguments.Has("c") && options.FormatOptions.TryGetValue("preallocation", out string? mode) && mode != "off")
            throw new DiskToolException("Compression and preallocation not supported at the same time");
        options.Size = sources.Sum(source => source.Length);
        try
        {
            options.LookAtBase(path, session);
            options.Create(path);
        }
        catch (DiskException e)
        {
            throw new DiskToolException($"{path}: error while converting {DiskImage.NameOf(format)}: {session.CreationWords(e)}");
        }

        return options.BasePath is not null;
    }

    private static ConvertOptions ReadOptions(DiskArguments arguments, DiskSession session)
    {
        ConvertOptions how = new()
        {
            Compress = arguments.Has("c"),
            OutOfOrder = arguments.Has("W"),
            Salvage = arguments.Has("salvage"),
            Unreadable = (offset, _) => session.Complain($"warning: error while reading offset {offset}: Input/output error"),
        };
        if (arguments.Value("S") is { } sparse)
        {
            long bytes = DiskSize.Parse("buffer size for sparse output", sparse);
            if (bytes % 512 != 0 || bytes > MostSparse)
                throw new DiskToolException($"Invalid buffer size for sparse output specified. Valid sizes are multiples of 512 up to {MostSparse}. Select 0 to disable sparse detection (fully allocates output).");
            how = how with { SparseBytes = (int)bytes };
        }

        if (arguments.Value("m") is { } workers)
        {
            if (!int.TryParse(workers, NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count is < 1 or > MostWorkers)
                throw new DiskToolException($"Invalid number of coroutines. Allowed number of coroutines is between 1 and {MostWorkers}");
            how = how with { Workers = count };
        }

        return how;
    }
}
