using System.Globalization;
using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary>The list of internal snapshots, as text and as JSON.</summary>
internal static class SnapshotTable
{
    /// <summary>The heading and a line for each.</summary>
    public static string Write(IReadOnlyList<DiskSnapshot> snapshots) =>
        $"Snapshot list:\n{"ID",-10}{"TAG",-17}{"VM SIZE",8}{"DATE",20}{"VM CLOCK",13}{"ICOUNT",11}\n" + string.Concat(snapshots.Select(Line));

    /// <summary>The members of each, for JSON.</summary>
    public static IReadOnlyList<object> Members(IReadOnlyList<DiskSnapshot> snapshots) => [.. snapshots.Select(Members)];

    private static string Line(DiskSnapshot snapshot)
    {
        TimeSpan clock = snapshot.VmClock;
        string run = string.Create(CultureInfo.InvariantCulture, $"{(int)clock.TotalHours:00}:{clock.Minutes:00}:{clock.Seconds:00}.{clock.Milliseconds:000}");
        string date = snapshot.Date.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        return $"{snapshot.Id,-9} {snapshot.Name,-16} {DiskSize.Format(snapshot.VmStateSize),8}{date,20}{run,13}{snapshot.InstructionCount,11}\n";
    }

    private static List<KeyValuePair<string, object>> Members(DiskSnapshot snapshot)
    {
        const long Second = 1_000_000_000;
        long clock = snapshot.VmClock.Ticks * TimeSpan.NanosecondsPerTick;
        List<KeyValuePair<string, object>> members =
        [
            new("id", snapshot.Id),
            new("name", snapshot.Name),
            new("vm-state-size", snapshot.VmStateSize),
            new("date-sec", snapshot.Date.ToUnixTimeSeconds()),
            new("date-nsec", snapshot.Date.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick),
            new("vm-clock-sec", clock / Second),
            new("vm-clock-nsec", clock % Second),
        ];
        if (snapshot.InstructionCount is { } count)
            members.Add(new("icount", (long)count));
        return members;
    }
}
