namespace Fabric.Hosts;

/// <summary>A host cannot do what it was asked: the message says what, where and what to do.</summary>
/// <param name="message">The message.</param>
public sealed class HostException(string message) : Exception(message);
