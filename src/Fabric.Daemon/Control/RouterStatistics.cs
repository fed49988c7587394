namespace Fabric.Daemon.Control;

/// <summary>What a router and its ports have done.</summary>
/// <param name="Router">The router.</param>
/// <param name="Seconds">Seconds since the topology began, on the clock that rates are reckoned by.</param>
/// <param name="Received">Frames that came in.</param>
/// <param name="Forwarded">Packets sent on.</param>
/// <param name="Delivered">Packets for the router itself.</param>
/// <param name="Originated">Frames that it made itself.</param>
/// <param name="Drops">Packets that went no further, by reason; what a port could not carry is the port's own.</param>
/// <param name="Ports">Its ports in the file's order.</param>
public sealed record RouterStatistics(
    string Router,
    double Seconds,
    long Received,
    long Forwarded,
    long Delivered,
    long Originated,
    IReadOnlyDictionary<string, long> Drops,
    IReadOnlyList<PortStatistics> Ports);
