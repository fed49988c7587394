using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk create</c>.</summary>
internal sealed class CreateVerb : DiskVerb
{
    public override string Name => "create";

    public override string Description => "Create a disk image, empty or as a thin overlay of a base";

    public override string Operands => "FILE [SIZE]";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        new('h', "help", null, "Show this help"),
        new('f', "format", "FORMAT", "Format of the new image (default: qcow2)"),
        new('b', "backing", "BASE", "Base image that the new one is a thin overlay of; relative to the new image's folder"),
        new('F', "backing-format", "FORMAT", "Format of the base"),
        new('o', null, "OPTIONS", "Options of the format, as name=value,…; -o help lists them"),
        new('u', null, null, "Do not look at the base; it need not exist"),
        new('\0', "object", "OBJECT", ""),
        Quiet,
    ];

    public override IReadOnlyList<string> Examples { get; } =
        ["fabric disk create -f qcow2 data.qcow2 8G", "fabric disk create -f qcow2 -b base.img -F raw alice.qcow2    # thin: holds only what differs from the base", "fabric disk create -f qcow2 -o help"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        string formatName = arguments.Value("f") ?? (session.IsQemuImg ? "raw" : "qcow2");
        if (arguments.Values("o").Any(KeyValues.AsksForHelp))
        {
            session.Print(CreationOptions.Help(DiskSession.Format(formatName, $"Unknown file format '{formatName}'")!.Value));
            return 0;
        }

        if (arguments.Operands.Count == 0)
            throw DiskToolException.Usage("Expecting image file name");
        string path = arguments.Operands[0];
        foreach (string unknown in arguments.Values("object"))
            throw new DiskToolException($"objects are not supported: '{unknown}'");
        long? size = arguments.Operands.Count > 1 ? DiskSize.Parse("image size", arguments.Operands[1]) : null;
        if (arguments.Operands.Count > 2)
            throw DiskToolException.Usage($"Unexpected argument: {arguments.Operands[2]}");
        try
        {
            DiskFormat format = DiskSession.Format(formatName, $"Unknown file format '{formatName}'")!.Value;
            CreationOptions options = CreationOptions.Read(format, arguments.Values("o"), arguments.Value("b"), arguments.Value("F"));
            if (size is not null && options.Size is not null)
                throw new DiskToolException("The image size must be specified only once");
            options.Size = size ?? options.Size;
            options.Unchecked = arguments.Has("u");
            options.LookAtBase(DiskName.PlainPath(path), session);
            session.Say(options.Describe(path));
            session.FlushOutput();
            options.Create(DiskName.PlainPath(path));
        }
        catch (DiskToolException e)
        {
            throw new DiskToolException($"{path}: {e.Message}");
        }
        catch (DiskException e)
        {
            throw new DiskToolException($"{path}: {session.CreationWords(e)}");
        }

        return 0;
    }
}
