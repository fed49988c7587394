using Fabric.Wire;

namespace Fabric.Hosts.Tcp;

/// <summary>The four values that name a connection.</summary>
internal readonly record struct TcpKey(IpAddress Local, ushort LocalPort, IpAddress Remote, ushort RemotePort);
