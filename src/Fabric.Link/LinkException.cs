namespace Fabric.Link;

/// <summary>A port or worker cannot be set up as the operator asked.</summary>
/// <param name="message">What failed, where, and what to do about it.</param>
public sealed class LinkException(string message) : Exception(message);
