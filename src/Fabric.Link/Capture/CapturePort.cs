namespace Fabric.Link.Capture;

/// <summary>A port as a capture knows it. Counters are written on the data path and read from any thread.</summary>
/// <param name="name">The port's name.</param>
/// <param name="id">Its number in the capture, in the order in which ports were met; −1 for one that is not captured.</param>
internal sealed class CapturePort(string name, int id)
{
    private long _seen;
    private long _chosen;
    private long _lost;

    internal string Name { get; } = name;

    internal int Id { get; } = id;

    /// <summary>Frames that passed or were dropped at the port.</summary>
    internal long Seen => Volatile.Read(ref _seen);

    /// <summary>Those that the filter chose.</summary>
    internal long Chosen => Volatile.Read(ref _chosen);

    /// <summary>Chosen ones for which there was no room.</summary>
    internal long Lost => Volatile.Read(ref _lost);

    /// <summary>Those of <see cref="Lost"/> since the last one that was kept. Data path only.</summary>
    internal int LostSince { get; set; }

    internal void AddSeen() => Volatile.Write(ref _seen, _seen + 1);

    internal void AddChosen() => Volatile.Write(ref _chosen, _chosen + 1);

    internal void AddLost()
    {
        LostSince++;
        Volatile.Write(ref _lost, _lost + 1);
    }
}
