using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric snapshot create|list|revert|delete|diff</c>: the disks of a topology at one instant, while its guests run or while
/// they do not.</summary>
internal static class SnapshotCommand
{
    public static Command Create(Terminal terminal) =>
        new Command("snapshot", "Keep the disks of a topology as they are at one instant, and go back to that")
        {
            CreateCreate(terminal), CreateList(terminal), CreateRevert(terminal), CreateDelete(terminal), CreateDiff(terminal),
        }
        .WithExamples(
            "fabric snapshot create before-update              # every disk of the only topology that runs, at one instant",
            "fabric snapshot create clean --vm alice           # only alice's disks",
            "fabric snapshot revert before-update",
            "fabric snapshot list -t topologies/quickstart.yaml    # of a topology that is down");

    private static Command CreateCreate(Terminal terminal)
    {
        Scope scope = new();
        Argument<string> name = NameArgument();
        Command command = scope.AddTo(new Command("create", "Take a snapshot; guests go on and notice nothing") { name });
        command.SetAction(async (parsed, cancel) =>
        {
            using ISnapshots target = await scope.OpenAsync(parsed, cancel);
            SnapshotStatus taken = await target.CreateSnapshotAsync(scope.Request(parsed) with { Name = parsed.GetRequiredValue(name) }, cancel);
            terminal.Out.WriteLine(scope.Json(parsed)
                ? JsonSerializer.Serialize(taken, ControlJson.Indented.SnapshotStatus)
                : $"{taken.Name}: {Startup.Count(taken.Disks.Count, "disk")} ({string.Join(", ", taken.Disks.Select(d => d.Disk))}), held for {taken.HeldMilliseconds?.ToString(CultureInfo.InvariantCulture)} ms");
            return 0;
        });
        return command.WithExamples("fabric snapshot create before-update", "fabric snapshot create clean --disk alice-root");
    }

    private static Command CreateList(Terminal terminal)
    {
        Scope scope = new(choosesDisks: false);
        Command command = scope.AddTo(new Command("list", "List snapshots, oldest first"));
        command.SetAction(async (parsed, cancel) =>
        {
            using ISnapshots target = await scope.OpenAsync(parsed, cancel);
            IReadOnlyList<SnapshotStatus> snapshots = await target.ListSnapshotsAsync(cancel);
            if (scope.Json(parsed))
                terminal.Out.WriteLine(JsonSerializer.Serialize(snapshots, ControlJson.Indented.IReadOnlyListSnapshotStatus));
            else if (snapshots.Count == 0)
                terminal.Out.WriteLine($"{target.Topology} has no snapshots; take one with: fabric snapshot create NAME");
            else
                terminal.WriteTable(["SNAPSHOT", "DATE", "STATE", "DISK", "SIZE", "ON HOST"], snapshots.SelectMany(Rows));
            return 0;
        });
        return command.WithExamples("fabric snapshot list", "fabric snapshot list --json | jq -r '.[].name'");
    }

    private static Command CreateRevert(Terminal terminal)
    {
        Scope scope = new();
        Argument<string> name = NameArgument();
        Command command = scope.AddTo(new Command("revert", "Put disks back to a snapshot; VMs that use them are switched off and started again. What was written since is lost") { name });
        command.SetAction(async (parsed, cancel) =>
        {
            using ISnapshots target = await scope.OpenAsync(parsed, cancel);
            SnapshotStatus reverted = await target.RevertSnapshotAsync(parsed.GetRequiredValue(name), scope.Request(parsed), cancel);
            terminal.Out.WriteLine(scope.Json(parsed) ? JsonSerializer.Serialize(reverted, ControlJson.Indented.SnapshotStatus) : $"{target.Topology} is back at {reverted.Name}");
            return 0;
        });
        return command.WithExamples("fabric snapshot revert before-update", "fabric snapshot revert before-update --vm alice");
    }

    private static Command CreateDelete(Terminal terminal)
    {
        Scope scope = new(choosesDisks: false, hasJson: false);
        Argument<string> name = NameArgument();
        Command command = scope.AddTo(new Command("delete", "Delete a snapshot: what was written since is merged into it while guests run. Interrupted, it is finished by asking again") { name });
        command.SetAction(async (parsed, cancel) =>
        {
            using ISnapshots target = await scope.OpenAsync(parsed, cancel);
            await DeleteAsync(terminal, target, parsed.GetRequiredValue(name), cancel);
            terminal.Out.WriteLine($"{parsed.GetRequiredValue(name)} is deleted");
            return 0;
        });
        return command.WithExamples("fabric snapshot delete before-update");
    }

    private static Command CreateDiff(Terminal terminal)
    {
        Scope scope = new();
        Argument<string> name = NameArgument();
        Argument<string?> to = new("NAME2") { Description = "Snapshot to compare with (default: the disks as they are)", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> ranges = new("--ranges") { Description = "Print each range that was written" };
        Command command = scope.AddTo(new Command("diff", "Tell what was written to the disks since a snapshot, or between two") { name, to, ranges });
        command.SetAction(async (parsed, cancel) =>
        {
            using ISnapshots target = await scope.OpenAsync(parsed, cancel);
            IReadOnlyList<SnapshotDiff> diff = await target.DiffSnapshotAsync(parsed.GetRequiredValue(name), parsed.GetValue(to), scope.Request(parsed), cancel);
            if (scope.Json(parsed))
                terminal.Out.WriteLine(JsonSerializer.Serialize(diff, ControlJson.Indented.IReadOnlyListSnapshotDiff));
            else if (parsed.GetValue(ranges))
                terminal.WriteTable(["DISK", "START", "LENGTH"], diff.SelectMany(d => d.Ranges.Select(r => (IReadOnlyList<string>)[d.Disk, $"0x{r.Start:x}", $"0x{r.Length:x}"])));
            else
                terminal.WriteTable(["DISK", "WRITTEN", "RANGES"], diff.Select(d => (IReadOnlyList<string>)[d.Disk, ByteSize.Format(d.ChangedBytes), $"{d.Ranges.Count}"]));
            return 0;
        });
        return command.WithExamples("fabric snapshot diff before-update", "fabric snapshot diff monday tuesday --ranges --disk alice-root");
    }

    private static async Task DeleteAsync(Terminal terminal, ISnapshots target, string name, CancellationToken cancel)
    {
        EventLog events = new(TimeProvider.System);
        Task view = new EventView(terminal).FollowAsync(events.ReadAsync(cancel), cancel);
        try
        {
            await target.DeleteSnapshotAsync(name, progress => events.AddProgress(progress.Disk!, "merging", progress.Done, progress.Total), cancel);
        }
        finally
        {
            events.Add(TopologyEventKind.Ready, name, null);
            events.Complete();
            await view;
        }
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "Name of the snapshot" };

    private static IEnumerable<IReadOnlyList<string>> Rows(SnapshotStatus snapshot)
    {
        string date = snapshot.Date.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        string state = snapshot.State == "deleting" ? "half deleted" : snapshot.Disks.Any(d => d.IsCurrent) ? "current" : snapshot.State;
        for (int i = 0; i < Math.Max(1, snapshot.Disks.Count); i++)
        {
            SnapshotDiskStatus? disk = i < snapshot.Disks.Count ? snapshot.Disks[i] : null;
            string[] what = disk is null ? ["-", "-", "-"] : [disk.Disk, ByteSize.Format(disk.SizeBytes), ByteSize.Format(disk.HostBytes)];
            yield return i == 0 ? [snapshot.Name, date, state, .. what] : ["", "", "", .. what];
        }
    }

    /// <summary>The options that say which topology, and which of its disks, a command is about.</summary>
    private sealed class Scope(bool choosesDisks = true, bool hasJson = true)
    {
        private readonly Option<string?> _topology = new("--topology", "-t")
        {
            Description = "Topology: its name while it runs, or its file (default: the only one that runs)",
            HelpName = "NAME|FILE",
        };

        private readonly Option<string?> _vm = new("--vm") { Description = "Only the disks of this VM", HelpName = "VM" };
        private readonly Option<string?> _disk = new("--disk") { Description = "Only this disk", HelpName = "DISK" };
        private readonly Option<bool> _json = CommandExtensions.JsonOption();

        public Command AddTo(Command command)
        {
            command.Add(_topology);
            if (choosesDisks)
            {
                command.Add(_vm);
                command.Add(_disk);
            }

            if (hasJson)
                command.Add(_json);
            return command;
        }

        public bool Json(ParseResult parsed) => parsed.GetValue(_json);

        public SnapshotRequest Request(ParseResult parsed) => new() { Vm = parsed.GetValue(_vm), Disk = parsed.GetValue(_disk) };

        public Task<ISnapshots> OpenAsync(ParseResult parsed, CancellationToken cancel) => Target.FindSnapshotsAsync(parsed.GetValue(_topology), cancel);
    }
}
