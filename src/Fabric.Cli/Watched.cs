using Spectre.Console;

namespace Fabric.Cli;

/// <summary>A table that is printed once, or with <c>--watch</c> again and again: in place where a person watches, line after line into a pipe.</summary>
/// <param name="terminal">Where to.</param>
internal sealed class Watched(Terminal terminal)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Prints.</summary>
    /// <param name="isWatching">Go on until cancelled.</param>
    /// <param name="isJson">Print JSON.</param>
    /// <param name="ask">Gets what is printed.</param>
    /// <param name="toJson">JSON of it; indented for people, or a line.</param>
    /// <param name="toTables">Tables of it, each with headings first; one without rows is left out.</param>
    /// <param name="nothing">What is said when there is no row at all.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<int> RunAsync<T>(
        bool isWatching,
        bool isJson,
        Func<CancellationToken, Task<T>> ask,
        Func<T, bool, string> toJson,
        Func<T, IEnumerable<IReadOnlyList<IReadOnlyList<string>>>> toTables,
        string nothing,
        CancellationToken cancel)
    {
        T now = await ask(cancel);
        if (!isWatching)
        {
            Write(now, isIndented: true);
            return 0;
        }

        using PeriodicTimer timer = new(Interval);
        if (isJson || !terminal.IsInteractive)
        {
            Write(now, isIndented: false);
            while (await timer.WaitForNextTickAsync(cancel))
                Write(await ask(cancel), isIndented: false);
            return 0;
        }

        await terminal.Screen.Live(ToScreen(toTables(now), nothing)).StartAsync(async screen =>
        {
            while (await timer.WaitForNextTickAsync(cancel))
                screen.UpdateTarget(ToScreen(toTables(await ask(cancel)), nothing));
        });
        return 0;

        void Write(T item, bool isIndented)
        {
            if (isJson)
                terminal.Out.WriteLine(toJson(item, isIndented));
            else
                Print(toTables(item), nothing);
        }
    }

    private void Print(IEnumerable<IReadOnlyList<IReadOnlyList<string>>> tables, string nothing)
    {
        int printed = 0;
        foreach (IReadOnlyList<IReadOnlyList<string>> table in tables.Where(table => table.Count > 1))
        {
            if (printed++ > 0)
                terminal.Out.WriteLine();
            terminal.WriteTable(table[0], table.Skip(1));
        }

        if (printed == 0)
            terminal.Out.WriteLine(nothing);
    }

    private static Rows ToScreen(IEnumerable<IReadOnlyList<IReadOnlyList<string>>> tables, string nothing)
    {
        Table[] shown = [.. tables.Where(table => table.Count > 1).Select(ToTable)];
        return shown.Length == 0 ? new Rows(new Text(nothing)) : new Rows(shown);
    }

    private static Table ToTable(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        Table table = new Table().Border(TableBorder.None);
        foreach (string heading in rows[0])
            table.AddColumn(new TableColumn($"[bold]{Markup.Escape(heading)}[/]") { NoWrap = true }.PadRight(2));
        foreach (IReadOnlyList<string> row in rows.Skip(1))
            table.AddRow([.. row.Select(Markup.Escape)]);
        return table;
    }
}
