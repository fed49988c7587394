namespace Fabric.Routing;

/// <summary>What a router is. Limits bound what others can make it keep.</summary>
public sealed record RouterOptions
{
    /// <summary>Its name in the topology.</summary>
    public required string Name { get; init; }

    /// <summary>Where its choices start from: jitter, identifiers, the spread over equal paths.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Most neighbours it knows, on all interfaces together.</summary>
    public int MaxNeighbors { get; init; } = 4096;

    /// <summary>Most neighbours among them that have not answered yet: what a scan of a network can take (RFC 6583, 6.1).</summary>
    public int MaxUnanswered { get; init; } = 512;

    /// <summary>Most packets that wait for neighbours to answer, in all.</summary>
    public int MaxWaiting { get; init; } = 512;

    /// <summary>Most packets that wait for one neighbour (RFC 1122, 2.3.2.2 asks for at least one).</summary>
    public int MaxWaitingForOne { get; init; } = 16;

    /// <summary>Most packets for the router itself that are being put together from fragments.</summary>
    public int MaxReassemblies { get; init; } = 16;

    /// <summary>Most groups joined on one interface.</summary>
    public int MaxGroups { get; init; } = 64;

    /// <summary>ICMP errors that it sends a second on the average (RFC 1812, 4.3.2.8; RFC 4443, 2.4 (f)).</summary>
    public double ErrorsPerSecond { get; init; } = 1000;

    /// <summary>ICMP errors that it sends at once.</summary>
    public double ErrorBurst { get; init; } = 100;

    /// <summary>Checks the limits.</summary>
    /// <exception cref="RoutingException">One is outside its range.</exception>
    internal void Check()
    {
        (string Limit, double Value)[] limits =
        [
            (nameof(MaxNeighbors), MaxNeighbors), (nameof(MaxUnanswered), MaxUnanswered), (nameof(MaxWaiting), MaxWaiting),
            (nameof(MaxWaitingForOne), MaxWaitingForOne), (nameof(MaxReassemblies), MaxReassemblies), (nameof(MaxGroups), MaxGroups),
            (nameof(ErrorsPerSecond), ErrorsPerSecond), (nameof(ErrorBurst), ErrorBurst),
        ];
        foreach ((string limit, double value) in limits)
        {
            if (!(value > 0))
                throw new RoutingException($"router {Name}: {limit} is {value}; give it a value above 0");
        }
    }
}
