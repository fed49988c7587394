namespace Fabric.Topology;

/// <summary>Frames of a switch that are copied to one of its ports.</summary>
/// <param name="Name">Name in the topology.</param>
/// <param name="Ports">Names of the ports whose frames are copied.</param>
/// <param name="Vlans">VLANs whose frames are copied, as ranges; null for none.</param>
/// <param name="Direction">received, transmitted or both.</param>
/// <param name="TakesRules">Also frames that access rules name.</param>
/// <param name="To">Name of the port that gets the copies.</param>
public sealed record MirrorModel(string Name, IReadOnlyList<string> Ports, IReadOnlyList<(int First, int Last)>? Vlans, string Direction, bool TakesRules, string To);
