namespace Fabric.Routing.Dhcp;

/// <summary>A DHCP server in a router.</summary>
public sealed record DhcpServerOptions
{
    /// <summary>One for each network.</summary>
    public required IReadOnlyList<DhcpPool> Pools { get; init; }

    /// <summary>How long an offered address is kept for the client.</summary>
    public TimeSpan OfferTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an answer is waited for at an address before it is offered, where the server asks.</summary>
    public TimeSpan ProbeTime { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long an address is given to nobody that somebody uses already.</summary>
    public TimeSpan DeclineTime { get; init; } = TimeSpan.FromMinutes(10);
}
