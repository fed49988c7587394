using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Routing.Sockets;

/// <summary>What a <see cref="DatagramSocket"/> is.</summary>
/// <param name="Local">Address of the router that it sends from and takes from; it works while an interface has it.</param>
/// <param name="Port">UDP port that it takes.</param>
public sealed record DatagramSocketOptions(IpAddress Local, ushort Port)
{
    /// <summary>Time to live or hop limit of what it sends, 1 … 255.</summary>
    public byte TimeToLive { get; init; } = 64;

    /// <summary>DSCP of what it sends, 0 … 63 (RFC 2474). ECN is left at 0: not capable.</summary>
    public byte DifferentiatedServices { get; init; }

    /// <summary>Whether what it sends has UDP checksums; without, they are 0, over IPv6 as RFC 6935 allows tunnels.</summary>
    public bool Checksums { get; init; } = true;

    /// <summary>Whether datagrams over IPv6 without checksum are taken (RFC 6936, 4). Over IPv4 they always are.</summary>
    public bool AcceptsZeroChecksumsV6 { get; init; }

    /// <summary>Bytes of what waits to be received: a power of two, at least <see cref="MemoryLink.DefaultCapacity"/>. What comes when it is
    /// full is dropped and counted.</summary>
    public int Capacity { get; init; } = 4 << 20;
}
