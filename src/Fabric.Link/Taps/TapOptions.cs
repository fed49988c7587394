using Fabric.Link.Host;
using Fabric.Wire;

namespace Fabric.Link.Taps;

/// <summary>How a TAP is made.</summary>
/// <param name="Interface">Name of the interface, at most 15 characters. A persistent TAP of that name is attached to; otherwise one is
/// made, which goes when the port is disposed.</param>
public sealed record TapOptions(string Interface)
{
    /// <summary>Longest name of an interface (IFNAMSIZ − 1).</summary>
    public const int LongestName = 15;

    /// <summary>Most queues (MAX_TAP_QUEUES).</summary>
    public const int MostQueues = 256;

    /// <summary>Network namespace to make it in: a name, a process id or a path; null for the present one.</summary>
    public string? Namespace { get; init; }

    /// <summary>Number of queues, 1 to <see cref="MostQueues"/>. The host spreads its flows over them.</summary>
    public int Queues { get; init; } = 1;

    /// <summary>Whether partial checksums and super-frames pass in both directions; without, every frame is finished before it does.</summary>
    public bool Offloads { get; init; } = true;

    /// <summary>Most bytes of payload in a frame; null for the host's choice, 1500 for a new TAP.</summary>
    public int? Mtu { get; init; }

    /// <summary>Station address of the interface, which is the attached end's, not the switch's; null for the host's choice.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Address to give the interface; null for none.</summary>
    public InterfaceAddress? Address { get; init; }

    /// <summary>Whether to set the interface up.</summary>
    public bool SetUp { get; init; } = true;
}
