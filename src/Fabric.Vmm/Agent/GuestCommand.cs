namespace Fabric.Vmm.Agent;

/// <summary>A command to be run in a guest.</summary>
/// <param name="Arguments">Program, looked up in the guest's PATH, and its arguments; at least one.</param>
public sealed record GuestCommand(IReadOnlyList<string> Arguments)
{
    /// <summary>Working directory in the guest; empty for root's home.</summary>
    public string Directory { get; init; } = "";

    /// <summary>Variables added to the agent's standard environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Standard input, read to its end; null for none. Stays the caller's.</summary>
    public Stream? Input { get; init; }
}
