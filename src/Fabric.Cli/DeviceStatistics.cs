using Fabric.Daemon.Control;

namespace Fabric.Cli;

/// <summary>What a switch or a router and its ports have done, as far as both tell it.</summary>
/// <param name="Name">The switch or router.</param>
/// <param name="Seconds">Seconds since the topology began.</param>
/// <param name="Drops">What it dropped itself, by reason.</param>
/// <param name="Ports">Its ports.</param>
internal sealed record DeviceStatistics(string Name, double Seconds, IReadOnlyDictionary<string, long> Drops, IReadOnlyList<PortStatistics> Ports);
