namespace Fabric.Routing;

/// <summary>What an interface has carried so far.</summary>
/// <param name="Received">Frames that came in, of whatever became of them.</param>
/// <param name="ReceivedBytes">Their bytes, Ethernet headers included.</param>
/// <param name="Sent">Frames given to its port, the router's own included.</param>
/// <param name="SentBytes">Their bytes, Ethernet headers included.</param>
public readonly record struct InterfaceTraffic(long Received, long ReceivedBytes, long Sent, long SentBytes);
