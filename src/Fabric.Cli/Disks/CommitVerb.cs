using Fabric.Disk;
using Fabric.Disk.Operations;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk commit</c>.</summary>
internal sealed class CommitVerb : DiskVerb
{
    public override string Name => "commit";

    public override string Description => "Write what an overlay holds into the image below; started again after a crash, it finishes";

    public override string Operands => "FILE";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, Quiet, Progress,
        new('b', null, "BASE", "Write into this image of the chain, with all that lies between (the overlay is then kept)"),
        new('d', null, null, "Do not empty the overlay"),
        new('t', null, "MODE", ""),
        new('r', null, "RATE", ""),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk commit alice.qcow2"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        DiskName name = OneImage(arguments);
        CheckCacheMode(arguments, "t", "Invalid cache option");
        DiskProgressLine? line = DiskProgressLine.For(session, arguments.Has("p"));
        bool done = false;
        try
        {
            DiskOpenOptions options = session.Complete(name, OpenOptions(arguments, readOnly: false));
            ImageCommit.Commit(name.Path, options, arguments.Value("b"), arguments.Has("d") || arguments.Has("b"), line, session.Cancel);
            done = true;
        }
        catch (DiskException e)
        {
            throw DiskSession.Failed(name, e);
        }
        finally
        {
            line?.End(done);
        }

        session.Say("Image committed.");
        return 0;
    }
}
