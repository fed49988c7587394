using Fabric.Disk;
using Fabric.Disk.Operations;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk measure</c>.</summary>
internal sealed class MeasureVerb : DiskVerb
{
    public override string Name => "measure";

    public override string Description => "Tell how much space an image would take before it is made";

    public override string Operands => "[FILE]";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, Output, ForceShare,
        new('O', null, "FORMAT", "Format to make (default: raw)"),
        new('o', null, "OPTIONS", "Options of the format, as name=value,…"),
        new('\0', "size", "SIZE", "Virtual size, where there is no image to copy"),
        new('l', null, "SNAPSHOT", "Measure this snapshot of the image"),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk measure -O qcow2 --size 100G", "fabric disk measure -f raw -O qcow2 disk.img"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        bool json = WantsJson(arguments);
        string? sizeText = arguments.Value("size");
        long? size = sizeText is null ? null : DiskSize.Parse("image size", sizeText);
        if (arguments.Operands.Count > 1)
            throw new DiskToolException("At most one filename argument is allowed.");
        bool hasFile = arguments.Operands.Count == 1;
        if (!hasFile && (arguments.Has("image-opts") || arguments.Has("f") || arguments.Has("l")))
            throw new DiskToolException("--image-opts, -f, and -l require a filename argument.");
        if (hasFile && size is not null)
            throw new DiskToolException("--size N cannot be used together with a filename.");
        if (!hasFile && size is null)
            throw new DiskToolException("Either --size N or one filename must be specified.");
        string target = arguments.Value("O") ?? "raw";
        DiskFormat format = DiskSession.Format(target, $"Unknown file format '{target}'")!.Value;
        Measurement found = Measure(format, size, arguments, session);
        session.Print(json
            ? JsonMembers.Write(new List<KeyValuePair<string, object>> { new("required", found.Required), new("fully-allocated", found.FullyAllocated) }) + "\n"
            : $"required size: {found.Required}\nfully allocated size: {found.FullyAllocated}\n");
        return 0;
    }

    private static Measurement Measure(DiskFormat format, long? size, DiskArguments arguments, DiskSession session)
    {
        IReadOnlyDictionary<string, string> options = ReadOptions(format, arguments);
        try
        {
            if (size is { } bytes)
                return ImageMeasurer.Measure(format, bytes, options);
            using ImageDisk disk = session.Open(OneImage(arguments), OpenOptions(arguments, readOnly: true));
            if (arguments.Value("l") is not { } snapshot)
                return ImageMeasurer.Measure(format, disk, options);
            using IDisk view = SnapshotName.Open(disk, snapshot);
            return ImageMeasurer.Measure(format, view, options);
        }
        catch (DiskException e)
        {
            throw new DiskToolException(e.Reason);
        }
    }

    private static IReadOnlyDictionary<string, string> ReadOptions(DiskFormat format, DiskArguments arguments)
    {
        try
        {
            return CreationOptions.Read(format, arguments.Values("o"), null, null).FormatOptions;
        }
        catch (DiskToolException e)
        {
            throw new DiskToolException($"{e.Message}\rInvalid options for file format '{DiskImage.NameOf(format)}'");
        }
    }
}
