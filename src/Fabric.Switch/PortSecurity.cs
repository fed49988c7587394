namespace Fabric.Switch;

/// <summary>How a port treats addresses it may not use: more than <see cref="PortOptions.MaxAddresses"/>, or one that belongs to another
/// port for good.</summary>
public sealed record PortSecurity
{
    /// <summary>True: what is learned stays until the port is detached or configured without it, and no other port may use it.</summary>
    public bool IsSticky { get; init; }

    /// <summary>What a frame from a forbidden address causes; it is dropped in any case.</summary>
    public ViolationAction OnViolation { get; init; }
}
