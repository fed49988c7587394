namespace Fabric.Switch.Snooping;

/// <summary>Where multicast goes that nobody has asked for (RFC 4541, 2.1.2 (3)).</summary>
public enum UnknownMulticast
{
    /// <summary>To all ports.</summary>
    Flood,

    /// <summary>To the routers alone.</summary>
    RoutersOnly,
}
