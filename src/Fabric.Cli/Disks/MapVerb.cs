using Fabric.Disk;
using Fabric.Disk.Operations;

namespace Fabric.Cli.Disks;

/// <summary><c>fabric disk map</c>.</summary>
internal sealed class MapVerb : DiskVerb
{
    public override string Name => "map";

    public override string Description => "Show which file of a chain holds what, and where";

    public override string Operands => "FILE";

    public override IReadOnlyList<DiskOption> Options { get; } =
    [
        .. Common, Output, ForceShare,
        new('s', "start-offset", "OFFSET", "Begin there"),
        new('l', "max-length", "LENGTH", "Show no more than that"),
    ];

    public override IReadOnlyList<string> Examples { get; } = ["fabric disk map --output=json alice.qcow2"];

    public override int Run(DiskArguments arguments, DiskSession session)
    {
        DiskName name = OneImage(arguments);
        bool json = WantsJson(arguments);
        long start = arguments.Value("s") is { } from ? DiskSize.Parse("start offset", from) : 0;
        long length = arguments.Value("l") is { } most ? DiskSize.Parse("max length", most) : long.MaxValue;
        using ImageDisk disk = session.Open(name, OpenOptions(arguments, readOnly: true));
        long end = length > long.MaxValue - start ? long.MaxValue : start + length;
        try
        {
            IEnumerable<MapEntry> entries = ImageMapper.Map(disk, start, end);
            if (json)
                WriteJson(entries, session);
            else
                WriteText(entries, session);
        }
        catch (DiskException e)
        {
            throw new DiskToolException(e.Reason);
        }

        return 0;
    }

    private static void WriteJson(IEnumerable<MapEntry> entries, DiskSession session)
    {
        string before = "[";
        foreach (MapEntry entry in entries)
        {
            session.Print($"{before}{{ \"start\": {entry.Start}, \"length\": {entry.Length}, \"depth\": {entry.Depth}, \"present\": {Word(entry.Present)}, \"zero\": {Word(entry.Zero)}, \"data\": {Word(entry.Data)}");
            session.Print(entry.Offset is { } offset ? $", \"offset\": {offset}}}" : "}");
            before = ",\n";
        }

        session.Print(before == "[" ? "[]\n" : "]\n");
    }

    private static string Word(bool value) => value ? "true" : "false";

    private static void WriteText(IEnumerable<MapEntry> entries, DiskSession session)
    {
        session.Print($"{"Offset",-16}{"Length",-16}{"Mapped to",-16}File\n");
        MapEntry? current = null;
        foreach (MapEntry entry in entries.Where(entry => entry is { Data: true, Zero: false }))
        {
            if (entry.Offset is null)
                throw new DiskToolException("File contains external, encrypted or compressed clusters.");
            if (current is not null && current.IsContinuedBy(entry) && current.Start + current.Length == entry.Start)
            {
                current = current with { Length = current.Length + entry.Length };
                continue;
            }

            WriteLine(current, session);
            current = entry;
        }

        WriteLine(current, session);
    }

    private static void WriteLine(MapEntry? entry, DiskSession session)
    {
        if (entry is not null)
            session.Print($"{Hex(entry.Start),-16}{Hex(entry.Length),-16}{Hex(entry.Offset!.Value),-16}{entry.FileName}\n");
    }

    private static string Hex(long value) => value == 0 ? "0" : $"0x{value:x}";
}
