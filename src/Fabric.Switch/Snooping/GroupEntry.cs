using Fabric.Wire;

namespace Fabric.Switch.Snooping;

/// <summary>A port's membership of a group.</summary>
/// <param name="Vlan">The VLAN.</param>
/// <param name="Group">The group.</param>
/// <param name="Port">Number of the port.</param>
/// <param name="IsExclude">All sources are wanted but those that are blocked, rather than only those that are wanted.</param>
/// <param name="Wanted">Sources that were asked for by name.</param>
/// <param name="Blocked">Sources that are not wanted.</param>
/// <param name="Left">Time until it ends if nobody reports.</param>
public sealed record GroupEntry(
    int Vlan, IpAddress Group, int Port, bool IsExclude, IReadOnlyList<IpAddress> Wanted, IReadOnlyList<IpAddress> Blocked, TimeSpan Left);
