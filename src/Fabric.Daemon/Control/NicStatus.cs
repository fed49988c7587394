namespace Fabric.Daemon.Control;

/// <summary>A guest NIC at one moment. Directions are the guest's.</summary>
/// <param name="Port">Name of its port, such as <c>alice.0</c>.</param>
/// <param name="Switch">Switch it is plugged into.</param>
/// <param name="Mac">Ethernet address, <c>52:54:00:12:34:56</c>.</param>
/// <param name="Address">Address with prefix length, <c>10.0.0.1/24</c>: the topology's, or what a router has leased to it; or null.</param>
/// <param name="SentFrames">Frames the guest sent.</param>
/// <param name="SentBytes">Their bytes.</param>
/// <param name="ReceivedFrames">Frames given to the guest.</param>
/// <param name="ReceivedBytes">Their bytes.</param>
/// <param name="Drops">Frames dropped, by reason; reasons that never happened are left out.</param>
public sealed record NicStatus(
    string Port,
    string Switch,
    string Mac,
    string? Address,
    long SentFrames,
    long SentBytes,
    long ReceivedFrames,
    long ReceivedBytes,
    IReadOnlyDictionary<string, long> Drops)
{
    /// <summary>True when the guest takes its IPv4 address by DHCP.</summary>
    public bool Dhcp { get; init; }

    /// <summary>True when the guest forms IPv6 addresses from what routers advertise.</summary>
    public bool Autoconfigure { get; init; }
}
