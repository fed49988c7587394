namespace Fabric.Nbd.Client;

/// <summary>A server cannot be used: it refuses, or breaks the protocol. The message is the end of a line that begins with its address.</summary>
internal sealed class NbdPeerException(string message) : Exception(message);
