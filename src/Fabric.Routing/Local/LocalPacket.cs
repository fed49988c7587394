using Fabric.Routing.Forwarding;
using Fabric.Wire;

namespace Fabric.Routing.Local;

/// <summary>An IP packet for the router itself: whole, its header checked.</summary>
internal readonly ref struct LocalPacket
{
    /// <summary>Where it came in.</summary>
    internal required LogicalInterface Link { get; init; }

    internal required IpAddress Source { get; init; }

    internal required IpAddress Destination { get; init; }

    /// <summary>Both addresses as in the header.</summary>
    internal required ReadOnlySpan<byte> Addresses { get; init; }

    internal required IpProtocol Protocol { get; init; }

    internal required byte HopLimit { get; init; }

    internal required byte TrafficClass { get; init; }

    /// <summary>Header and payload, to be quoted in an error.</summary>
    internal required ReadOnlySpan<byte> Original { get; init; }

    /// <summary>From the transport header on.</summary>
    internal required ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>For more stations than this one, by its IP or Ethernet destination.</summary>
    internal required bool IsGroup { get; init; }

    /// <summary>Payload bytes a segment when this is a super-frame; 0 otherwise.</summary>
    internal int SegmentSize { get; init; }
}
