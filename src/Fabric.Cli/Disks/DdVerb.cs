using Fabric.Disk;
using Fabric.Disk.Operations;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk dd</c>: copies a part of a disk to a new image.</summary>
internal sealed class DdVerb : DiskVerb
{
    private const long NormalBlock = 512;

    public override string Name => "dd";

    public override string Description => "Copy a part of a disk to a new image";

    public override string Operands => "if=FILE of=TARGET [bs=SIZE] [count=BLOCKS] [skip=BLOCKS]";

    public override IReadOnlyList<DiskOption> Options { get; } = [.. Common, ForceShare, new('O', null, "FORMAT", "Format to make (default: raw)")];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk dd -O raw if=alice.qcow2 of=boot-sector.img bs=512 count=1"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        Dictionary<string, string> operands = [];
        foreach (string operand in arguments.Operands)
        {
            int equals = operand.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || operand[..equals] is not ("if" or "of" or "bs" or "count" or "skip"))
                throw new DiskToolException($"unrecognized operand {operand}");
            operands[operand[..equals]] = operand[(equals + 1)..];
        }

        if (!operands.TryGetValue("if", out string? from) || !operands.TryGetValue("of", out string? to))
            throw new DiskToolException("Must specify both input and output files");
        long block = Number(operands, "bs", NormalBlock);
        if (block is < 1 or > int.MaxValue)
            throw new DiskToolException("Invalid number: 'bs' must be between 1 and 2147483647");
        long count = Number(operands, "count", long.MaxValue);
        long skip = Number(operands, "skip", 0);
        string formatName = arguments.Value("O") ?? "raw";
        DiskFormat format = DiskSession.Format(formatName, $"Unknown file format '{formatName}'")!.Value;
        using ImageDisk source = session.Open(NameOf(arguments, from), OpenOptions(arguments, readOnly: true));
        // As qemu-img has it, count is taken from the start of the disk, not from where skip leads.
        long end = count <= source.Length / block ? count * block : source.Length;
        bool reaches = skip <= end / block;
        long start = reaches ? skip * block : end;
        Copy(new DiskPart(source, start, end - start), to, format, session);
        if (!reaches)
            session.Complain($"{from}: cannot skip to specified offset");
        return 0;
    }

    private static void Copy(DiskPart part, string path, DiskFormat format, DiskSession session)
    {
        try
        {
            DiskImage.Create(path, new DiskCreateOptions { Format = format, Size = part.Length, Overwrite = true });
            using ImageDisk target = DiskImage.Open(path, new DiskOpenOptions { Format = format });
            ImageConverter.Convert([part], target, new ConvertOptions { TargetIsZero = true }, null, session.Cancel);
        }
        catch (DiskException e)
        {
            throw new DiskToolException($"{path}: error while creating output image: {session.CreationWords(e)}");
        }
    }

    private static long Number(Dictionary<string, string> operands, string name, long normal) =>
        !operands.TryGetValue(name, out string? text) ? normal
        : DiskSize.TryParse(text, out long number) ? number
        : throw new DiskToolException($"invalid number: '{text}'");
}
