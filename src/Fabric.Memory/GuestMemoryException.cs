namespace Fabric.Memory;

/// <summary>Guest memory could not be had from the host; the message says how much was asked for and what to do.</summary>
/// <param name="message">One line for the operator.</param>
public sealed class GuestMemoryException(string message) : Exception(message);
