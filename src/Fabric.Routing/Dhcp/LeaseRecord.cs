using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <summary>What is known of one address of a pool.</summary>
internal sealed class LeaseRecord(IpAddress address)
{
    internal IpAddress Address { get; } = address;

    /// <summary>The client that has it or had it last.</summary>
    internal DhcpClient Client { get; set; }

    internal DhcpLeaseState State { get; set; }

    /// <summary>When the state ends by itself; meaningless for a free one.</summary>
    internal long Expires { get; set; }

    /// <summary>True when the client has had it, or nobody has answered at it.</summary>
    internal bool IsProven { get; set; }

    /// <summary>Its place among the free ones.</summary>
    internal LinkedListNode<LeaseRecord>? Place { get; set; }
}
