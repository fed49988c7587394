namespace Fabric.Switch.Policing;

/// <summary>Most frames per second from one port that go to many ports, by kind; 0 for no limit. A tenth of a second's worth may come
/// at once.</summary>
public sealed record StormLimits
{
    /// <summary>Frames to the broadcast address.</summary>
    public int Broadcast { get; init; }

    /// <summary>Frames to other group addresses.</summary>
    public int Multicast { get; init; }

    /// <summary>Frames to stations that the switch does not know.</summary>
    public int UnknownUnicast { get; init; }
}
