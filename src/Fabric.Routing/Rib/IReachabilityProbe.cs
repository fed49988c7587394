using Fabric.Wire;

namespace Fabric.Routing.Rib;

/// <summary>Asks stations whether they are there; a router does so by ICMP echo (RFC 792; RFC 4443, 4.1).</summary>
/// <remarks>Called under the router's control lock, as are the answers told.</remarks>
public interface IReachabilityProbe
{
    /// <summary>Sends one question, by the way that the routes know.</summary>
    /// <param name="target">Whom to ask.</param>
    /// <param name="answered">Is told the target if it answers, however late; never from within this call.</param>
    /// <returns>False when there is no way to it.</returns>
    bool Ask(IpAddress target, Action<IpAddress> answered);
}
