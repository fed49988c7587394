namespace Fabric.Switch.Acl;

/// <summary>TCP or UDP ports from one to another.</summary>
/// <param name="First">The first.</param>
/// <param name="Last">The last, not less than the first.</param>
public readonly record struct AclPortRange(ushort First, ushort Last)
{
    /// <summary>One port.</summary>
    /// <param name="port">The port.</param>
    public static AclPortRange One(ushort port) => new(port, port);
}
