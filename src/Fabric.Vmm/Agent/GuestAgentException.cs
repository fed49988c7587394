namespace Fabric.Vmm.Agent;

/// <summary>The guest's agent could not do what was asked; the message says why in one line.</summary>
/// <param name="message">One line for the operator.</param>
public sealed class GuestAgentException(string message) : Exception(message);
