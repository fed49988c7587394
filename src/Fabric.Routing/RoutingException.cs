namespace Fabric.Routing;

/// <summary>An operator asked a router for something impossible; the message says what, where, and what to do.</summary>
/// <param name="message">The message.</param>
public sealed class RoutingException(string message) : Exception(message);
