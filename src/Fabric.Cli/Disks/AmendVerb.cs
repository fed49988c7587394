using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk amend</c>.</summary>
internal sealed class AmendVerb : DiskVerb
{
    public override string Name => "amend";

    public override string Description => "Change format options of an image";

    public override string Operands => "FILE";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, Quiet, Progress,
        new('o', null, "OPTIONS", "Options of the format, as name=value,…; -o help lists them"),
        new('t', null, "MODE", ""),
        new('\0', "force", null, ""),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk amend -f qcow2 -o compat=1.1,lazy_refcounts=on alice.qcow2"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        Dictionary<string, string> options = [];
        foreach (string list in arguments.Values("o"))
        {
            if (list.Length == 0 || list[0] == ',' || (list[^1] == ',' && !list.EndsWith(",,", StringComparison.Ordinal)))
                throw new DiskToolException($"Invalid option list: {list}");
            KeyValues.Read(list, options);
        }

        if (!arguments.Has("o"))
            throw DiskToolException.Usage("Must specify options (-o)");
        if (arguments.Values("o").Any(KeyValues.AsksForHelp))
        {
            session.Print(CreationOptions.Help(DiskSession.Format(arguments.Value("f") ?? "qcow2")!.Value).Replace("Supported options:", $"Amend options for '{arguments.Value("f") ?? "qcow2"}':"));
            return 0;
        }

        DiskName name = OneImage(arguments);
        CheckCacheMode(arguments, "t", "Invalid cache option");
        using ImageDisk disk = session.Open(name, OpenOptions(arguments, readOnly: false));
        DiskProgressLine? line = DiskProgressLine.For(session, arguments.Has("p"));
        bool done = false;
        try
        {
            disk.Amend(options, line, session.Cancel);
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

        return 0;
    }
}
