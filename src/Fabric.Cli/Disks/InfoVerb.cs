using System.Text;
using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk info</c>.</summary>
internal sealed class InfoVerb : DiskVerb
{
    public override string Name => "info";

    public override string Description => "Show what a disk image says about itself";

    public override string Operands => "FILE";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, Output, ForceShare,
        new('\0', "backing-chain", null, "Show every image below, too"),
        new('\0', "json", null, "The same as --output=json"),
    ];

    public override IReadOnlyList<string> Examples { get; } =
        ["fabric disk info alice.qcow2", "fabric disk info alice.qcow2 --output=json | jq '.\"virtual-size\"'", "fabric disk info --backing-chain alice.qcow2"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        DiskName name = OneImage(arguments);
        bool json = WantsJson(arguments) || arguments.Has("json");
        IReadOnlyList<DiskImageInfo> chain;
        try
        {
            DiskOpenOptions options = session.Complete(name, OpenOptions(arguments, readOnly: true));
            chain = arguments.Has("backing-chain") ? DiskImage.InspectChain(name.Path, options) : [DiskImage.Inspect(name.Path, options.Format)];
        }
        catch (DiskException e)
        {
            throw session.CannotOpen(name.Text, e);
        }

        if (json && arguments.Has("backing-chain"))
            session.Print(JsonMembers.Write(chain.Select(image => (object)Members(image)).ToList()) + "\n");
        else if (json)
            session.Print(JsonMembers.Write(Members(chain[0])) + "\n");
        else
            session.Print(string.Join("\n", chain.Select(Text)));
        return 0;
    }

    private static string Text(DiskImageInfo info)
    {
        StringBuilder text = new();
        text.Append($"image: {info.FileName}\nfile format: {info.FormatName}\n");
        text.Append($"virtual size: {DiskSize.Format(info.VirtualSize)} ({info.VirtualSize} bytes)\ndisk size: {DiskSize.Format(info.ActualSize)}\n");
        if (info.ClusterSize is { } cluster)
            text.Append($"cluster_size: {cluster}\n");
        if (info.IsDirty)
            text.Append("cleanly shut down: no\n");
        if (info.BackingFileName is { } below)
            text.Append($"backing file: {below}{(below == info.FullBackingFileName ? "" : $" (actual path: {info.FullBackingFileName})")}\n");
        if (info.BackingFileName is not null && info.BackingFormat is { } format)
            text.Append($"backing file format: {format}\n");
        if (info.Snapshots.Count > 0)
            text.Append(SnapshotTable.Write(info.Snapshots));
        if (info.Specific.Count > 0)
        {
            text.Append("Format specific information:\n");
            Append(text, info.Specific, 1);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, IReadOnlyList<KeyValuePair<string, object>> section, int depth)
    {
        foreach ((string name, object value) in section)
        {
            text.Append(' ', depth * 4).Append(name).Append(':');
            switch (value)
            {
                case IReadOnlyList<KeyValuePair<string, object>> inner:
                    text.Append('\n');
                    Append(text, inner, depth + 1);
                    break;
                case IReadOnlyList<IReadOnlyList<KeyValuePair<string, object>>> sections:
                    text.Append('\n');
                    for (int i = 0; i < sections.Count; i++)
                    {
                        text.Append(' ', (depth + 1) * 4).Append($"[{i}]:\n");
                        Append(text, sections[i], depth + 2);
                    }

                    break;
                case bool flag:
                    text.Append(flag ? " true\n" : " false\n");
                    break;
                default:
                    text.Append($" {value}\n");
                    break;
            }
        }
    }

    private static List<KeyValuePair<string, object>> Members(DiskImageInfo info)
    {
        List<KeyValuePair<string, object>> members = [new("filename", info.FileName), new("format", info.FormatName), new("dirty-flag", info.IsDirty), new("actual-size", info.ActualSize), new("virtual-size", info.VirtualSize)];
        if (info.ClusterSize is { } cluster)
            members.Add(new("cluster-size", (long)cluster));
        if (info.BackingFileName is { } below)
            members.AddRange([new("backing-filename", below), new("full-backing-filename", info.FullBackingFileName!)]);
        if (info.BackingFileName is not null && info.BackingFormat is { } format)
            members.Add(new("backing-filename-format", format));
        if (info.Snapshots.Count > 0)
            members.Add(new("snapshots", SnapshotTable.Members(info.Snapshots)));
        if (info.Specific.Count > 0)
            members.Add(new("format-specific", new List<KeyValuePair<string, object>> { new("type", info.FormatName), new("data", Hyphens(info.Specific)) }));
        return members;
    }

    private static List<KeyValuePair<string, object>> Hyphens(IReadOnlyList<KeyValuePair<string, object>> section) =>
        [.. section.Select(one => new KeyValuePair<string, object>(one.Key.Replace(' ', '-'), Hyphens(one.Value)))];

    private static object Hyphens(object value) => value switch
    {
        IReadOnlyList<KeyValuePair<string, object>> section => Hyphens(section),
        IReadOnlyList<IReadOnlyList<KeyValuePair<string, object>>> sections => sections.Select(section => (object)Hyphens(section)).ToList(),
        _ => value,
    };
}
