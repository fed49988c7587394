namespace Fabric.Hosts.Messages;

/// <summary>One distance of a traceroute.</summary>
/// <param name="Distance">Routers on the way, the answering one included: the TTL or hop limit that was sent.</param>
/// <param name="Probes">What became of each probe: <see cref="PingOutcome.TimeExceeded"/> names a router on the way.</param>
public sealed record TracerouteHop(int Distance, IReadOnlyList<PingEcho> Probes)
{
    /// <summary>True when the way ends here: the destination answered, or somebody said that it cannot be reached.</summary>
    public bool IsLast => Probes.Any(probe => probe.Outcome is PingOutcome.Answered or PingOutcome.Corrupted or PingOutcome.Unreachable or PingOutcome.NotSent or PingOutcome.TooBig);
}
