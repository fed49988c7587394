namespace Fabric.Topology;

/// <summary>Most frames a second from one port that go to many ports; null for no limit.</summary>
/// <param name="Broadcast">To the broadcast address.</param>
/// <param name="Multicast">To other group addresses.</param>
/// <param name="Unknown">To stations that the switch does not know.</param>
public sealed record StormModel(int? Broadcast, int? Multicast, int? Unknown);
