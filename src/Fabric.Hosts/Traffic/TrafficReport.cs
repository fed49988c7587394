namespace Fabric.Hosts.Traffic;

/// <summary>What a sink has received.</summary>
/// <param name="Received">Datagrams of the generator's.</param>
/// <param name="Bytes">Bytes of their payload.</param>
/// <param name="Lost">Numbers below the highest of each flow that never came.</param>
/// <param name="Reordered">Datagrams that came after one with a higher number.</param>
/// <param name="Duplicates">Datagrams that came again.</param>
/// <param name="Foreign">Datagrams that no generator sent.</param>
/// <param name="Latency">From the sender's clock to the receiver's; both hosts must have the same.</param>
public sealed record TrafficReport(long Received, long Bytes, long Lost, long Reordered, long Duplicates, long Foreign, LatencyReport Latency);
