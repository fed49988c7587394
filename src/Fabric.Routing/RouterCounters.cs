namespace Fabric.Routing;

/// <summary>What a router has done so far.</summary>
/// <param name="Received">Frames that came in.</param>
/// <param name="Forwarded">Packets sent on.</param>
/// <param name="Delivered">Packets that were for the router itself, and frames of its ARP.</param>
/// <param name="Originated">Frames that the router made itself.</param>
/// <param name="Errors">ICMP errors among them.</param>
/// <param name="ErrorsSuppressed">ICMP errors not sent, for there were too many.</param>
/// <param name="Drops">Packets that went no further, by reason; reasons that did not occur are left out.</param>
public sealed record RouterCounters(
    long Received, long Forwarded, long Delivered, long Originated, long Errors, long ErrorsSuppressed, IReadOnlyDictionary<RouterDrop, long> Drops)
{
    /// <summary>Packets dropped for a reason.</summary>
    /// <param name="reason">The reason.</param>
    public long this[RouterDrop reason] => Drops.GetValueOrDefault(reason);
}
