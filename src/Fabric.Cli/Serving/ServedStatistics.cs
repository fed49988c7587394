namespace Fabric.Cli.Serving;

/// <summary>The last line of <c>fabric serve net --json --stats</c>.</summary>
/// <param name="Event">Always <c>stats</c>.</param>
/// <param name="Forwarded">Frames sent to the one port that leads to their destination.</param>
/// <param name="Flooded">Frames sent to all ports.</param>
/// <param name="Learned">Addresses learned.</param>
/// <param name="Drops">Frames the switch dropped, by reason.</param>
/// <param name="Ports">Its ports.</param>
internal sealed record ServedStatistics(
    string Event, long Forwarded, long Flooded, long Learned, IReadOnlyDictionary<string, long> Drops, IReadOnlyList<ServedPortStatistics> Ports);
