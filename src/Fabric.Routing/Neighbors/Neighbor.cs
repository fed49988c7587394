using Fabric.Routing.Forwarding;
using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

/// <summary>An entry of the <see cref="NeighborTable"/>. The control side writes it; the data path reads <see cref="Word"/>.</summary>
internal sealed class Neighbor(LogicalInterface link, IpAddress address)
{
    /// <summary>In <see cref="Word"/>: packets can be sent there.</summary>
    internal const ulong Usable = 1UL << 48;

    /// <summary>In <see cref="Word"/>: the control side wants to know of the next use (RFC 4861, 7.3.3: STALE).</summary>
    internal const ulong TellUse = 1UL << 49;

    private ulong _word;
    private Neighbor? _next;

    internal LogicalInterface Link { get; } = link;

    internal IpAddress Address { get; } = address;

    /// <summary>Ethernet address in the lower 48 bits and what may be done with it, in one piece.</summary>
    internal ulong Word => Volatile.Read(ref _word);

    /// <summary>The next entry of the same bucket.</summary>
    internal Neighbor? Next
    {
        get => Volatile.Read(ref _next);
        set => Volatile.Write(ref _next, value);
    }

    /// <summary>Set by the data path whenever it sends there, cleared by who looks for the least used.</summary>
    internal bool IsUsed { get; set; }

    internal MacAddress Mac { get; private set; }

    internal NeighborState State { get; private set; }

    /// <summary>When the state ends.</summary>
    internal long Until { get; set; } = Timed.Never;

    /// <summary>The earliest time for which the table's queue holds this entry.</summary>
    internal long QueuedFor { get; set; } = Timed.Never;

    internal int Solicitations { get; set; }

    internal bool IsRemoved { get; set; }

    internal Queue<HeldPacket>? Waiting { get; set; }

    /// <summary>Its place among the others in the order in which they may be forgotten.</summary>
    internal LinkedListNode<Neighbor>? Turn { get; set; }

    /// <summary>Takes what is known of it now.</summary>
    internal void Become(NeighborState state, MacAddress mac)
    {
        State = state;
        Mac = mac;
        ulong word = state == NeighborState.Incomplete ? 0 : mac.Bits | Usable;
        Volatile.Write(ref _word, state == NeighborState.Stale ? word | TellUse : word);
    }
}
