using Fabric.Switch.SpanningTree;

namespace Fabric.Cli.Serving;

/// <summary>The line <c>fabric serve net --rstp --json</c> prints whenever ports change their place in the spanning tree.</summary>
/// <param name="Event">Always <c>tree</c>.</param>
/// <param name="Root">The root as this switch sees it.</param>
/// <param name="Ports">Each port: its role and its state.</param>
internal sealed record ServedTree(string Event, string Root, IReadOnlyList<ServedTreePort> Ports)
{
    /// <summary>Makes one.</summary>
    /// <param name="status">The tree.</param>
    /// <param name="names">Names of the ports by their numbers.</param>
    public static ServedTree Of(SpanningTreeStatus status, IReadOnlyDictionary<int, string> names) =>
        new("tree", $"{status.Root}", [.. status.Ports.Where(port => names.ContainsKey(port.Port)).Select(port => new ServedTreePort(names[port.Port], Word(port.Role), Word(port.State)))]);

    /// <summary>How it stands, in a line.</summary>
    public override string ToString() => $"root {Root}; {string.Join(", ", Ports)}";

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
