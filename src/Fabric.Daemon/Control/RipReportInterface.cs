namespace Fabric.Daemon.Control;

/// <summary>RIP on an interface at one moment.</summary>
/// <param name="Interface">The interface, such as <c>r1.lan</c>.</param>
/// <param name="State">active, passive or down.</param>
/// <param name="Cost">What the link adds to metrics.</param>
/// <param name="SplitHorizon">poisoned, simple or off.</param>
/// <param name="Authentication">none, plain, md5, hmac-sha-1, hmac-sha-256, hmac-sha-384 or hmac-sha-512.</param>
/// <param name="UpdateSeconds">Seconds to the next regular update; null for none.</param>
/// <param name="Neighbors">Neighbours on its link.</param>
/// <param name="Received">Packets that came.</param>
/// <param name="Sent">Packets sent.</param>
/// <param name="Triggered">Triggered updates sent.</param>
/// <param name="Drops">Packets and routes refused, by reason.</param>
public sealed record RipReportInterface(
    string Interface, string State, int Cost, string SplitHorizon, string Authentication, double? UpdateSeconds, int Neighbors, long Received, long Sent, long Triggered, IReadOnlyDictionary<string, long> Drops);
