namespace Fabric.Routing.Rip;

/// <summary>A key shared by the routers of a link, with the times in which it is used (RFC 4822, 5.1 and 5.2).</summary>
/// <remarks>When all keys are past their time, the one that lasted longest goes on being used: routing neither stops nor goes on without
/// authentication (RFC 4822, 5.3).</remarks>
public sealed record RipKey
{
    /// <summary>Its number, the same at all routers; a password has none on the wire.</summary>
    public byte Id { get; init; }

    /// <summary>How it is used.</summary>
    public required RipAlgorithm Algorithm { get; init; }

    /// <summary>The secret. Nobody changes it.</summary>
    public required ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>Packets are signed with it from here on.</summary>
    public DateTimeOffset SendFrom { get; init; } = DateTimeOffset.MinValue;

    /// <summary>Packets are no longer signed with it.</summary>
    public DateTimeOffset SendUntil { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>Packets signed with it are taken from here on.</summary>
    public DateTimeOffset AcceptFrom { get; init; } = DateTimeOffset.MinValue;

    /// <summary>Packets signed with it are no longer taken.</summary>
    public DateTimeOffset AcceptUntil { get; init; } = DateTimeOffset.MaxValue;
}
