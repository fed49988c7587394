using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <summary>What a DHCP server has done; counted since it began. Read under the router's control lock.</summary>
public sealed class DhcpCounters
{
    private readonly long[] _messages = new long[(int)DhcpMessageType.Inform + 1];
    private readonly long[] _drops = new long[Enum.GetValues<DhcpDrop>().Length];

    /// <summary>Messages of a type: those that clients send, received and understood; the others, sent.</summary>
    /// <param name="type">The type.</param>
    public long this[DhcpMessageType type] => _messages[(int)type];

    /// <summary>Messages without answer for a reason.</summary>
    /// <param name="reason">The reason.</param>
    public long this[DhcpDrop reason] => _drops[(int)reason];

    /// <summary>Addresses found in use by somebody else: by a client, or because they answered.</summary>
    public long Conflicts { get; internal set; }

    internal void Count(DhcpMessageType type) => _messages[(int)type]++;

    internal void Drop(DhcpDrop reason) => _drops[(int)reason]++;
}
