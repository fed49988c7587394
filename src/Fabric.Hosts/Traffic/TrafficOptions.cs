using Fabric.Wire;

namespace Fabric.Hosts.Traffic;

/// <summary>What a host sends to a sink.</summary>
public sealed record TrafficOptions
{
    /// <summary>Address of the host with the sink.</summary>
    public required IpAddress To { get; init; }

    /// <summary>The sink's UDP port.</summary>
    public ushort Port { get; init; } = TrafficSink.DefaultPort;

    /// <summary>Frames a second; 0 for as fast as the port's worker fetches them.</summary>
    public long PacketsPerSecond { get; init; }

    /// <summary>Bytes of a frame from the Ethernet header on, without FCS, without tag: 60 to the MTU and 14.</summary>
    public int FrameSize { get; init; } = 60;

    /// <summary>Number of flows, each from a port of its own: 1 … 4,096.</summary>
    public int Flows { get; init; } = 1;

    /// <summary>Frames in all.</summary>
    public long Count { get; init; } = 1000;
}
