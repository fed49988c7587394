using System.Net;

namespace Fabric.Topology;

/// <summary>One end of VXLAN tunnels: a UDP socket of the host, or of a router of the topology.</summary>
/// <param name="Local">Address of the host or the router.</param>
/// <param name="Port">UDP port, of this end and of the others.</param>
/// <param name="Namespace">Network namespace it is in, a name or a process id; null for the daemon's own.</param>
public sealed record TunnelEndModel(IPAddress Local, int Port, string? Namespace)
{
    /// <summary>Router whose address it is and whose routes its packets take; null for the host.</summary>
    public string? Router { get; init; }

    /// <summary>TTL or hop limit of the tunnel's packets.</summary>
    public int TimeToLive { get; init; } = 64;

    /// <summary>DSCP of the tunnel's packets.</summary>
    public int Dscp { get; init; }

    /// <summary>Whether the tunnel's packets have UDP checksums.</summary>
    public bool Checksums { get; init; } = true;

    /// <summary>Interface by which multicast groups are reached, or null for the host's choice.</summary>
    public string? Interface { get; init; }

    /// <summary>How long a learned station stays without being heard.</summary>
    public TimeSpan Ageing { get; init; } = TimeSpan.FromSeconds(300);
}
