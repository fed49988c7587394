using Fabric.Wire;

namespace Fabric.TestKit.Overlay;

/// <summary>An underlay of any number of ends in memory, which loses and delays datagrams as told. One thread.</summary>
public sealed class MemoryNetwork(TimeProvider time, int seed = 1)
{
    private readonly Random _random = new(seed);
    private readonly Dictionary<(IpAddress, ushort), MemoryUnderlay> _ends = [];

    /// <summary>Part of the datagrams that is lost, 0 … 1.</summary>
    public double Loss { get; set; }

    /// <summary>Longest time that a datagram is under way; each takes a random part of it, so that they overtake each other.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>The largest IP packet that passes.</summary>
    public int Mtu { get; set; } = 1500;

    /// <summary>Datagrams that were sent, and those that arrived nowhere.</summary>
    public long Sent { get; private set; }

    public long Lost { get; private set; }

    public MemoryUnderlay Attach(IpAddress address, ushort port = VxlanView.DefaultPort) => _ends[(address, port)] = new MemoryUnderlay(this, address, port);

    internal long Now => time.GetTimestamp();

    /// <summary>Finds who gets a datagram, and when.</summary>
    internal MemoryUnderlay? Route(IpAddress destination, ushort port, out long due)
    {
        Sent++;
        due = Now;
        if (Delay != TimeSpan.Zero)
            due += (long)(_random.NextDouble() * Delay.TotalSeconds * time.TimestampFrequency);
        if ((Loss == 0 || _random.NextDouble() >= Loss) && _ends.TryGetValue((destination, port), out MemoryUnderlay? end))
            return end;
        Lost++;
        return null;
    }

    /// <summary>The members of a group, but for who sends.</summary>
    internal IEnumerable<MemoryUnderlay> Members(IpAddress group, MemoryUnderlay sender) => _ends.Values.Where(end => end != sender && end.Groups.Contains(group));
}
