namespace Fabric.Nbd.Server;

/// <summary>A client broke the protocol so that nothing it sends can be understood any more. Ends its connection, is counted, and is seen by nobody
/// else.</summary>
internal sealed class NbdProtocolException(string message) : Exception(message);
