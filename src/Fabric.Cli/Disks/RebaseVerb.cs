using Fabric.Disk;
using Fabric.Disk.Operations;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk rebase</c>.</summary>
internal sealed class RebaseVerb : DiskVerb
{
    public override string Name => "rebase";

    public override string Description => "Put an overlay on another base, without a change of what is seen through it";

    public override string Operands => "FILE";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, ForceShare, Quiet, Progress,
        new('b', null, "BASE", "The new base; '' for none"),
        new('F', null, "FORMAT", "The new base's format"),
        new('u', null, null, "Only change the name in the overlay: the two bases hold the same"),
        new('t', null, "MODE", ""),
        new('T', null, "MODE", ""),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk rebase -b new-base.qcow2 -F qcow2 alice.qcow2", "fabric disk rebase -b '' alice.qcow2    # alone: needs no base any more", "fabric disk rebase -u -b moved/base.img -F raw alice.qcow2"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        DiskName name = OneImage(arguments);
        bool unsafeMode = arguments.Has("u");
        string? target = arguments.Value("b");
        if (target is null && !unsafeMode)
            throw DiskToolException.Usage("Must specify backing file (-b) or use unsafe mode (-u)");
        CheckCacheMode(arguments, "t", "Invalid cache option");
        CheckCacheMode(arguments, "T", "Invalid source cache option");
        string? formatName = arguments.Value("F");
        DiskFormat? format = DiskSession.Format(formatName, $"Invalid format name: '{formatName}'");
        using ImageDisk overlay = session.Open(name, OpenOptions(arguments, readOnly: false) with { WithoutBacking = unsafeMode });
        if (!unsafeMode)
            CopyDifferences(overlay, target!, format, arguments, session);
        Change(overlay, string.IsNullOrEmpty(target) ? null : target, format);
        return 0;
    }

    private static void CopyDifferences(ImageDisk overlay, string target, DiskFormat? format, DiskArguments arguments, DiskSession session)
    {
        using ImageDisk? below = target.Length == 0 ? null : OpenBase(overlay, target, format, arguments, session);
        DiskProgressLine? line = DiskProgressLine.For(session, arguments.Has("p"));
        bool done = false;
        try
        {
            ImageRebase.CopyDifferences(overlay, below, line, session.Cancel);
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

    private static ImageDisk OpenBase(ImageDisk overlay, string target, DiskFormat? format, DiskArguments arguments, DiskSession session)
    {
        string path = Path.Combine(Path.GetDirectoryName(overlay.Path) ?? "", target);
        try
        {
            return DiskImage.Open(path, session.Complete(new DiskName(target, path, format), OpenOptions(arguments, readOnly: true)));
        }
        catch (DiskException e)
        {
            throw new DiskToolException($"Could not open new backing file '{target}': {session.OpeningWords(e)}");
        }
    }

    private static void Change(ImageDisk overlay, string? target, DiskFormat? format)
    {
        if (target is not null && format is null)
            throw new DiskToolException($"Could not change the backing file to '{target}': backing format must be specified");
        try
        {
            overlay.SetBacking(target, format);
        }
        catch (DiskException e)
        {
            throw new DiskToolException($"Could not change the backing file to '{target}': {e.Reason}");
        }
    }
}
