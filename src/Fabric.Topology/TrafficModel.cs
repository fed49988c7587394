using System.Net;

namespace Fabric.Topology;

/// <summary>What a host sends from the start on.</summary>
/// <param name="To">Address of the host with the sink.</param>
/// <param name="Rate">Frames a second.</param>
/// <param name="Size">Bytes of a frame, Ethernet header included, without FCS.</param>
/// <param name="Flows">Number of flows.</param>
/// <param name="Count">Frames in all.</param>
public sealed record TrafficModel(IPAddress To, int Rate, int Size, int Flows, long Count);
