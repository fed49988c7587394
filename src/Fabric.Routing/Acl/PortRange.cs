namespace Fabric.Routing.Acl;

/// <summary>TCP or UDP ports from one to another.</summary>
/// <param name="First">The first.</param>
/// <param name="Last">The last, not less than the first.</param>
public readonly record struct PortRange(ushort First, ushort Last);
