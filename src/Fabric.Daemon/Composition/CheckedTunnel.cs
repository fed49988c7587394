using System.Net;
using Fabric.Overlay;

namespace Fabric.Daemon.Composition;

/// <summary>A segment whose ways to its far ends are measured.</summary>
/// <param name="Port">The segment.</param>
/// <param name="Place">The switch, or the router's interface, that it is plugged into.</param>
/// <param name="Remotes">The far ends.</param>
/// <param name="Mtu">How long the packets of its stations may be, in bytes.</param>
/// <param name="Taker">What takes an <c>mtu:</c> in the file, in words.</param>
internal sealed record CheckedTunnel(VxlanPort Port, string Place, IReadOnlyList<IPAddress> Remotes, int Mtu, string Taker);
