namespace Fabric.Link.Packet;

/// <summary>Which interface of the host a packet socket takes, and how.</summary>
/// <param name="Interface">Its name.</param>
public sealed record PacketSocketOptions(string Interface)
{
    /// <summary>Network namespace it is in: a name, a process id or a path; null for the present one.</summary>
    public string? Namespace { get; init; }

    /// <summary>Whether super-frames and partial checksums may leave as they are; without, every frame is finished before it does. They
    /// come in as the host has them either way.</summary>
    public bool Offloads { get; init; } = true;
}
