using Fabric.Wire;

namespace Fabric.Overlay;

/// <summary>Another VTEP, or a multicast group, as one VTEP knows it.</summary>
internal sealed class RemoteVtep(int index, IpAddress address, ushort port)
{
    /// <summary>Its place in the list.</summary>
    internal int Index => index;

    internal IpAddress Address => address;

    /// <summary>UDP port that it listens on.</summary>
    internal ushort Port { get; set; } = port;
}
