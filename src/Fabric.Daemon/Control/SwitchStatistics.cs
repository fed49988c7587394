namespace Fabric.Daemon.Control;

/// <summary>What a switch and its ports have done.</summary>
/// <param name="Switch">The switch.</param>
/// <param name="Seconds">Seconds since the topology began, on the clock that rates are reckoned by.</param>
/// <param name="Received">Frames that came in.</param>
/// <param name="Forwarded">Those sent to the one port that leads to their destination.</param>
/// <param name="Flooded">Those sent to all other ports.</param>
/// <param name="Addresses">Addresses known.</param>
/// <param name="Moved">Addresses that turned up on another port.</param>
/// <param name="Drops">Frames the switch dropped, by reason; what a port could not carry is the port's own.</param>
/// <param name="Ports">Its ports, oldest first.</param>
public sealed record SwitchStatistics(
    string Switch,
    double Seconds,
    long Received,
    long Forwarded,
    long Flooded,
    int Addresses,
    long Moved,
    IReadOnlyDictionary<string, long> Drops,
    IReadOnlyList<PortStatistics> Ports);
