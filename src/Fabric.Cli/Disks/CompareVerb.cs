using Fabric.Disk;
using Fabric.Disk.Operations;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk compare</c>. Exit status: 0 the same, 1 different, 2 and more when it cannot be told.</summary>
internal sealed class CompareVerb : DiskVerb
{
    private const int CannotOpenStatus = 2;
    private const int CannotReadStatus = 4;

    public override string Name => "compare";

    public override string Description => "Compare what two images hold";

    public override string Operands => "FILE FILE";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, ForceShare, Quiet, Progress,
        new('F', null, "FORMAT", "Format of the second image"),
        new('s', "strict", null, "Sizes and allocation must be the same, too"),
        new('T', null, "MODE", ""),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk compare disk.vhdx disk.qcow2", "fabric disk compare -f raw -F qcow2 disk.img disk.qcow2"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        if (arguments.Operands.Count != 2)
            throw DiskToolException.Usage("Expecting two image file names");
        try
        {
            CheckCacheMode(arguments, "T", "Invalid source cache option");
            using ImageDisk first = session.Open(NameOf(arguments, arguments.Operands[0]), OpenOptions(arguments, readOnly: true));
            using ImageDisk second = session.Open(NameOf(arguments, arguments.Operands[1], "F"), OpenOptions(arguments, readOnly: true));
            return Compare(first, second, arguments, session);
        }
        catch (DiskToolException e) when (!e.IsUsage)
        {
            throw new DiskToolException(e.Message, CannotOpenStatus);
        }
        catch (DiskException e)
        {
            throw new DiskToolException(e.Message, CannotReadStatus);
        }
    }

    private static int Compare(ImageDisk first, ImageDisk second, DiskArguments arguments, DiskSession session)
    {
        DiskProgressLine? line = DiskProgressLine.For(session, arguments.Has("p"));
        Comparison found;
        long offset;
        try
        {
            found = ImageComparer.Compare(first, second, arguments.Has("s"), line, session.Cancel, out offset);
        }
        finally
        {
            line?.End(true);
        }

        if (!arguments.Has("s") && first.Length != second.Length && (found == Comparison.Identical || offset >= Math.Min(first.Length, second.Length)))
            session.Say("Warning: Image size mismatch!");
        session.Say(found switch
        {
            Comparison.Identical => "Images are identical.",
            Comparison.SizeDiffers => "Strict mode: Image size mismatch!",
            Comparison.AllocationDiffers => $"Strict mode: Offset {offset} block status mismatch!",
            _ => $"Content mismatch at offset {offset}!",
        });
        return found == Comparison.Identical ? 0 : 1;
    }
}
