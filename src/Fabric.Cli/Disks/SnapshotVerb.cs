using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk snapshot</c>: snapshots inside an image that is not in use.</summary>
internal sealed class SnapshotVerb : DiskVerb
{
    private static readonly string[] Actions = ["l", "c", "a", "d"];

    public override string Name => "snapshot";

    public override string Description => "List, take, apply or delete the snapshots inside an image";

    public override string Operands => "FILE";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, ForceShare, Quiet,
        new('l', null, null, "List (what is done when nothing else is asked)"),
        new('c', null, "NAME", "Take one"),
        new('a', null, "NAME", "Apply one: the disk is again what it was then"),
        new('d', null, "NAME", "Delete one"),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk snapshot -c before-upgrade alice.qcow2", "fabric disk snapshot -l alice.qcow2", "fabric disk snapshot -a before-upgrade alice.qcow2"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        string[] asked = [.. Actions.Where(arguments.Has)];
        if (asked.Length > 1)
            throw DiskToolException.Usage("Cannot mix '-l', '-a', '-c', '-d'");
        string action = asked.Length == 0 ? "l" : asked[0];
        DiskName name = OneImage(arguments);
        if (action == "l")
            return List(name, arguments, session);
        using ImageDisk disk = session.Open(name, OpenOptions(arguments, readOnly: false));
        string snapshot = arguments.Value(action)!;
        try
        {
            if (action == "c")
                disk.CreateSnapshot(snapshot, TimeProvider.System.GetUtcNow());
            else if (action == "a")
                disk.RevertSnapshot(snapshot);
            else
                disk.DeleteSnapshot(snapshot);
        }
        catch (DiskException e)
        {
            string verb = action switch { "c" => "create", "a" => "apply", _ => "delete" };
            throw new DiskToolException($"Could not {verb} snapshot '{snapshot}': {session.Short(e.Reason)}");
        }

        return 0;
    }

    private static int List(DiskName name, DiskArguments arguments, DiskSession session)
    {
        try
        {
            DiskOpenOptions options = session.Complete(name, OpenOptions(arguments, readOnly: true));
            IReadOnlyList<DiskSnapshot> snapshots = DiskImage.Inspect(name.Path, options.Format).Snapshots;
            if (snapshots.Count > 0)
                session.Print(SnapshotTable.Write(snapshots));
            return 0;
        }
        catch (DiskException e)
        {
            throw session.CannotOpen(name.Text, e);
        }
    }
}
