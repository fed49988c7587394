using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk resize</c>.</summary>
internal sealed class ResizeVerb : DiskVerb
{
    public override string Name => "resize";

    public override string Description => "Change an image's virtual size";

    public override string Operands => "FILE [+|-]SIZE";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, Quiet,
        new('s', "shrink", null, "Agree to lose what lies past a smaller size"),
        new('\0', "preallocation", "MODE", "off, metadata, falloc or full: what to do with the space that is added"),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk resize alice.qcow2 +10G", "fabric disk resize --shrink alice.qcow2 4G"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        if (arguments.Operands.Count < 2)
            throw DiskToolException.Usage(arguments.Operands.Count == 0 ? "Not enough arguments" : "Expecting image file name and size");
        if (arguments.Operands.Count > 2)
            throw DiskToolException.Usage("Expecting image file name and size");
        Preallocation preallocation = arguments.Value("preallocation") switch
        {
            null or "off" => Preallocation.Off,
            "metadata" => Preallocation.Metadata,
            "falloc" => Preallocation.Falloc,
            "full" => Preallocation.Full,
            { } other => throw new DiskToolException($"Invalid preallocation mode '{other}'"),
        };
        string text = arguments.Operands[1];
        int sign = text.StartsWith('+') ? 1 : text.StartsWith('-') ? -1 : 0;
        string digits = sign == 0 ? text : text[1..];
        if (!DiskSize.TryParse(digits, out long size))
            throw new DiskToolException(CreationOptions.SizeComplaint("size"));
        DiskName name = NameOf(arguments, arguments.Operands[0]);
        using ImageDisk disk = session.Open(name, OpenOptions(arguments, readOnly: false));
        long wanted = sign == 0 ? size : disk.Length + (sign * size);
        Resize(disk, wanted, arguments.Has("shrink"), preallocation, session);
        session.Say("Image resized.");
        return 0;
    }

    private static void Resize(ImageDisk disk, long size, bool mayShrink, Preallocation preallocation, DiskSession session)
    {
        if (size <= 0)
            throw new DiskToolException("New image size must be positive");
        if (size <= disk.Length && preallocation != Preallocation.Off)
            throw new DiskToolException("Preallocation can only be used for growing images");
        if (size < disk.Length && !mayShrink)
        {
            session.Complain("Use the --shrink option to perform a shrink operation.");
            throw new DiskToolException("warning: Shrinking an image will delete all data beyond the shrunken image's end. Before performing such an operation, make sure there is no important data there.");
        }

        try
        {
            disk.Resize(size, mayShrink, preallocation);
        }
        catch (DiskException e)
        {
            throw new DiskToolException(e.Reason);
        }
    }
}
