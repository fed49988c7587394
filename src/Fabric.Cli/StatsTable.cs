using System.Globalization;
using Fabric.Daemon.Control;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fabric.Cli;

/// <summary>Statistics as tables.</summary>
/// <param name="devices">The numbers.</param>
/// <param name="before">Those of a moment before, for rates; null for none.</param>
internal sealed class StatsTable(IReadOnlyList<DeviceStatistics> devices, IReadOnlyList<DeviceStatistics>? before)
{
    private static readonly string[] RateHeadings = ["IN/s", "IN bit/s", "OUT/s", "OUT bit/s"];

    /// <summary>Headings of <see cref="Ports"/>.</summary>
    public static IReadOnlyList<string> Headings { get; } = ["DEVICE", "PORT", "STATE", "IN", "IN BYTES", "OUT", "OUT BYTES", "DROPS"];

    /// <summary>A row per port.</summary>
    public IEnumerable<IReadOnlyList<string>> Ports() =>
        devices.SelectMany(item => item.Ports.Select(port => (IReadOnlyList<string>)
        [
            item.Name, port.Port, port.Up ? port.State : "down", Number(port.ReceivedFrames), Number(port.ReceivedBytes), Number(port.TransmittedFrames), Number(port.TransmittedBytes),
            Number(port.ReceiveDrops.Values.Sum() + port.TransmitDrops.Values.Sum()),
        ]));

    /// <summary>A row per place and reason of a drop.</summary>
    public IEnumerable<IReadOnlyList<string>> Drops() => devices.SelectMany(item => (IEnumerable<IReadOnlyList<string>>)
    [
        .. Rows(item.Name, "-", item.Drops),
        .. item.Ports.SelectMany(port => Rows(port.Port, "in", port.ReceiveDrops).Concat(Rows(port.Port, "out", port.TransmitDrops))),
    ]);

    /// <summary>Both tables for a screen, with rates.</summary>
    public Rows ToScreen()
    {
        Table ports = new Table().Border(TableBorder.None);
        foreach (string heading in (string[])["PORT", "STATE", .. RateHeadings, "IN", "OUT", "DROPS"])
            ports.AddColumn(new TableColumn($"[bold]{heading}[/]") { NoWrap = true }.PadRight(2));
        foreach (DeviceStatistics item in devices)
        {
            foreach ((PortStatistics port, IReadOnlyList<string> row) in item.Ports.Zip(new StatsTable([item], null).Ports()))
                ports.AddRow([.. new[] { row[1], row[2] }.Concat(Rates(item, port)).Concat([row[3], row[5], row[7]]).Select(Markup.Escape)]);
        }

        IReadOnlyList<string>[] rows = [.. Drops()];
        List<IRenderable> parts = [ports];
        if (rows.Length > 0)
        {
            Table drops = new Table().Border(TableBorder.None).AddColumns("[bold]DROPPED BY[/]", "[bold]DIRECTION[/]", "[bold]REASON[/]", "[bold]FRAMES[/]");
            foreach (IReadOnlyList<string> row in rows)
                drops.AddRow([.. row.Select(Markup.Escape)]);
            parts.AddRange([new Text(""), drops]);
        }

        return new Rows(parts);
    }

    private IEnumerable<string> Rates(DeviceStatistics item, PortStatistics port)
    {
        DeviceStatistics? last = before?.FirstOrDefault(other => other.Name == item.Name);
        PortStatistics? then = last?.Ports.FirstOrDefault(other => other.Port == port.Port);
        double seconds = item.Seconds - (last?.Seconds ?? 0);
        if (then is null || seconds <= 0)
            return ["", "", "", ""];
        return
        [
            Rate((port.ReceivedFrames - then.ReceivedFrames) / seconds), Rate((port.ReceivedBytes - then.ReceivedBytes) * 8 / seconds),
            Rate((port.TransmittedFrames - then.TransmittedFrames) / seconds), Rate((port.TransmittedBytes - then.TransmittedBytes) * 8 / seconds),
        ];
    }

    private static IEnumerable<IReadOnlyList<string>> Rows(string place, string direction, IReadOnlyDictionary<string, long> drops) =>
        drops.Select(drop => (IReadOnlyList<string>)[place, direction, drop.Key, Number(drop.Value)]);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Rate(double rate)
    {
        string[] units = ["", " k", " M", " G"];
        int unit = 0;
        for (; rate >= 1000 && unit < units.Length - 1; unit++)
            rate /= 1000;
        return rate.ToString(unit == 0 || rate >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture) + units[unit];
    }
}
