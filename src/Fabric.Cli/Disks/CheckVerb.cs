using System.Globalization;
using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk check</c>. Exit status: 0 sound, 1 the check itself failed, 2 corrupt, 3 leaks only, 63 nothing to check.</summary>
internal sealed class CheckVerb : DiskVerb
{
    private const int Corrupt = 2;
    private const int Leaks = 3;
    private const int NothingToCheck = 63;

    public override string Name => "check";

    public override string Description => "Look for faults in an image's own structures, and repair them";

    public override string Operands => "FILE";

    public override int UsageStatus => 1;

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, Output, ForceShare, Quiet,
        new('r', "repair", "leaks|all", "Repair leaked space, or all as well as it can be"),
        new('T', null, "MODE", ""),
        new('\0', "progress", null, ""),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk check alice.qcow2", "fabric disk check -r leaks alice.qcow2"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        session.IsQuiet = arguments.Has("q");
        DiskRepair repair = arguments.Value("r") switch
        {
            null => DiskRepair.None,
            "leaks" => DiskRepair.Leaks,
            "all" => DiskRepair.All,
            { } other => throw DiskToolException.Usage($"Unknown option value for -r (expecting 'leaks' or 'all'): {other}"),
        };
        DiskName name = OneImage(arguments);
        bool json = WantsJson(arguments);
        CheckCacheMode(arguments, "T", "Invalid source cache option");
        (DiskCheckResult result, string format) = Check(name, repair, arguments, session);
        if (result.CorruptionsFixed > 0 || result.LeaksFixed > 0)
        {
            if (!json)
                session.Say($"The following inconsistencies were found and repaired:\n\n    {result.LeaksFixed} leaked clusters\n    {result.CorruptionsFixed} corruptions\n\nDouble checking the fixed image now...");
            (DiskCheckResult again, _) = Check(name, DiskRepair.None, arguments, session);
            result = again with { CorruptionsFixed = result.CorruptionsFixed, LeaksFixed = result.LeaksFixed };
        }

        if (result.Failure is { } reason)
            throw new DiskToolException($"Check failed: {reason}");
        if (json)
            session.Say(JsonMembers.Write(Members(result, name.Text, format)));
        else
            session.Say(Text(result));
        if (result.CheckErrors > 0)
            throw new DiskToolException("Check failed");
        return result.Corruptions > 0 ? Corrupt : result.Leaks > 0 ? Leaks : 0;
    }

    private static (DiskCheckResult Result, string Format) Check(DiskName name, DiskRepair repair, DiskArguments arguments, DiskSession session)
    {
        DiskProgressLine? line = DiskProgressLine.For(session, percent: false);
        try
        {
            DiskOpenOptions options = session.Complete(name, OpenOptions(arguments, readOnly: repair == DiskRepair.None));
            DiskFormat format = options.Format ?? DiskImage.Recognise(name.Path) ?? DiskFormat.Raw;
            DiskCheckResult result = DiskImage.Check(name.Path, options, repair, line, session.Cancel);
            line?.End(true);
            foreach (string message in result.Messages)
                session.Note(message);
            return (result, DiskImage.NameOf(format));
        }
        catch (DiskException e)
        {
            line?.End(false);
            throw e.Reason.Contains("does not support checks", StringComparison.Ordinal) ? new DiskToolException(e.Reason, NothingToCheck) : session.CannotOpen(name.Text, e);
        }
    }

    private static string Text(DiskCheckResult result)
    {
        List<string> lines = [];
        if (result.Corruptions == 0 && result.Leaks == 0 && result.CheckErrors == 0)
            lines.Add("No errors were found on the image.");
        if (result.Corruptions > 0)
            lines.Add($"\n{result.Corruptions} errors were found on the image.\nData may be corrupted, or further writes to the image may corrupt it.");
        if (result.Leaks > 0)
            lines.Add($"\n{result.Leaks} leaked clusters were found on the image.\nThis means waste of disk space, but no harm to data.");
        if (result.CheckErrors > 0)
            lines.Add($"\n{result.CheckErrors} internal errors have occurred during the check.");
        if (result.TotalClusters > 0 && result.AllocatedClusters > 0)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"{result.AllocatedClusters}/{result.TotalClusters} = {Percent(result.AllocatedClusters, result.TotalClusters)}% allocated, {Percent(result.FragmentedClusters, result.AllocatedClusters)}% fragmented, {Percent(result.CompressedClusters, result.AllocatedClusters)}% compressed clusters"));
        if (result.ImageEnd > 0)
            lines.Add($"Image end offset: {result.ImageEnd}");
        return string.Join('\n', lines);
    }

    private static string Percent(long? part, long? whole) => ((part ?? 0) * 100.0 / whole!.Value).ToString("F2", CultureInfo.InvariantCulture);

    private static List<KeyValuePair<string, object>> Members(DiskCheckResult result, string fileName, string format)
    {
        List<KeyValuePair<string, object>> members = [new("filename", fileName), new("format", format), new("check-errors", result.CheckErrors)];
        AddCount("image-end-offset", result.ImageEnd);
        AddCount("corruptions", result.Corruptions);
        AddCount("leaks", result.Leaks);
        AddCount("corruptions-fixed", result.CorruptionsFixed);
        AddCount("leaks-fixed", result.LeaksFixed);
        AddCount("total-clusters", result.TotalClusters);
        AddCount("allocated-clusters", result.AllocatedClusters);
        AddCount("fragmented-clusters", result.FragmentedClusters);
        AddCount("compressed-clusters", result.CompressedClusters);
        return members;

        void AddCount(string name, long? count)
        {
            if (count > 0)
                members.Add(new(name, count.Value));
        }
    }
}
