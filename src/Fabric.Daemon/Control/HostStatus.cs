namespace Fabric.Daemon.Control;

/// <summary>A host inside the daemon at one moment.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Switch">Switch it is plugged into.</param>
/// <param name="Mac">Ethernet address.</param>
/// <param name="Addresses">Addresses in use, with their prefix lengths; the link-local one left out.</param>
/// <param name="Received">Frames that arrived.</param>
/// <param name="Sent">Frames sent.</param>
/// <param name="Drops">Packets thrown away, by reason; reasons that have not occurred are left out.</param>
public sealed record HostStatus(string Name, string Switch, string Mac, IReadOnlyList<string> Addresses, long Received, long Sent, IReadOnlyDictionary<string, long> Drops)
{
    /// <summary>What its sink has counted; null where it has none.</summary>
    public SinkStatus? Sink { get; init; }
}
