namespace Fabric.Topology;

/// <summary>How much others can make a router keep and say; null for the usual.</summary>
public sealed record RouterLimitsModel
{
    /// <summary>Most neighbours it knows, on all interfaces together.</summary>
    public int? Neighbors { get; init; }

    /// <summary>Most neighbours among them that have not answered yet.</summary>
    public int? Unanswered { get; init; }

    /// <summary>Most packets that wait for neighbours to answer.</summary>
    public int? Waiting { get; init; }

    /// <summary>Most packets that wait for one neighbour.</summary>
    public int? WaitingForOne { get; init; }

    /// <summary>Most packets for the router itself that are being put together.</summary>
    public int? Reassemblies { get; init; }

    /// <summary>Most groups joined on one interface.</summary>
    public int? Groups { get; init; }

    /// <summary>ICMP errors that it sends a second on the average.</summary>
    public int? IcmpErrors { get; init; }

    /// <summary>ICMP errors that it sends at once.</summary>
    public int? IcmpBurst { get; init; }
}
