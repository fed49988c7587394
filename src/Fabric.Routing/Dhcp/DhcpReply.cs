using System.Buffers.Binary;
using System.Text;
using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <summary>Writes a server's answers (RFC 2131, table 3).</summary>
internal static class DhcpReply
{
    /// <summary>Bytes that every client takes: a packet of 576 less its headers (RFC 2131, 2).</summary>
    internal const int MinRoom = 548;

    /// <summary>Bytes that are ever used of what a client offers to take.</summary>
    internal const int MaxRoom = 1200;
    private const int HeaderLength = 28;

    /// <summary>Bytes of an answer that the client takes.</summary>
    internal static int RoomFor(in DhcpView message)
    {
        bool says = message.TryFind(DhcpOption.MaximumMessageSize, out ReadOnlySpan<byte> value) && value.Length == sizeof(ushort);
        return Math.Clamp((says ? BinaryPrimitives.ReadUInt16BigEndian(value) : 0) - HeaderLength, MinRoom, MaxRoom);
    }

    /// <summary>Begins an answer to a message.</summary>
    internal static DhcpWriter Begin(Span<byte> room, DhcpMessageType type, in DhcpView message, IpAddress server)
    {
        DhcpWriter writer = new(room, isRequest: false, type, message.TransactionId, 0, message.ClientMac);
        writer.SetRelayAddress(message.RelayAddress);
        if (message.WantsBroadcast)
            writer.SetBroadcast();
        writer.Add(DhcpOption.ServerIdentifier, server);
        return writer;
    }

    /// <summary>Adds how long an address is the client's.</summary>
    internal static void AddTimes(ref DhcpWriter writer, uint seconds)
    {
        writer.Add(DhcpOption.LeaseTime, seconds);
        writer.Add(DhcpOption.RenewalTime, seconds / 2);
        writer.Add(DhcpOption.RebindingTime, (uint)((ulong)seconds * 7 / 8));
    }

    /// <summary>Adds what clients of a pool are told of their network.</summary>
    /// <param name="writer">The answer.</param>
    /// <param name="pool">The pool.</param>
    /// <param name="message">What is answered.</param>
    /// <param name="router">The router where the pool names none.</param>
    /// <param name="mtu">That of the link where the pool names none; null for unknown.</param>
    internal static void AddNetwork(ref DhcpWriter writer, DhcpPool pool, in DhcpView message, IpAddress router, int? mtu)
    {
        uint mask = uint.MaxValue << (32 - pool.Network.Length);
        writer.Add(DhcpOption.SubnetMask, mask);

        // Before option 3, which a client ignores then (RFC 3442).
        if (pool.Routes.Count > 0 && Wants(in message, DhcpOption.ClasslessStaticRoute))
            AddRoutes(ref writer, pool.Routes);
        AddAddresses(ref writer, DhcpOption.Router, pool.Routers ?? [router]);
        AddAddresses(ref writer, DhcpOption.DomainNameServer, pool.NameServers);
        writer.Add(DhcpOption.BroadcastAddress, pool.Network.Address.V4 | ~mask);
        if (pool.Domain is { } domain)
            writer.Add(DhcpOption.DomainName, Encoding.ASCII.GetBytes(domain));
        if ((pool.Mtu ?? mtu) is not { } bytes)
            return;
        Span<byte> value = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)Math.Min(ushort.MaxValue, bytes));
        writer.Add(DhcpOption.InterfaceMtu, value);
    }

    /// <summary>Adds what comes back as it was: the client's identifier (RFC 6842), and the relay agent's information last (RFC 3046, 2.1).
    /// What the client does not take is left out.</summary>
    internal static void AddEchoes(ref DhcpWriter writer, in DhcpView message)
    {
        foreach (DhcpOption option in new ReadOnlySpan<DhcpOption>([DhcpOption.ClientIdentifier, DhcpOption.RelayAgentInformation]))
        {
            if (message.TryFind(option, out ReadOnlySpan<byte> value) && value.Length + 2 <= writer.Room)
                writer.Add(option, value);
        }
    }

    /// <summary>Bytes of option 121.</summary>
    internal static int LengthOf(IReadOnlyList<(IpPrefix Network, IpAddress Gateway)> routes) =>
        routes.Sum(route => 1 + Octets(route.Network.Length) + 4);

    private static int Octets(int bits) => (bits + 7) / 8;

    private static bool Wants(in DhcpView message, DhcpOption option) =>
        message.TryFind(DhcpOption.ParameterRequestList, out ReadOnlySpan<byte> list) && list.Contains((byte)option);

    /// <summary>Only the octets of a network that its length covers are sent (RFC 3442).</summary>
    private static void AddRoutes(ref DhcpWriter writer, IReadOnlyList<(IpPrefix Network, IpAddress Gateway)> routes)
    {
        Span<byte> value = stackalloc byte[byte.MaxValue];
        int length = 0;
        foreach ((IpPrefix network, IpAddress gateway) in routes)
        {
            value[length++] = (byte)network.Length;
            network.Address.CopyTo(value[length..]);
            length += Octets(network.Length);
            gateway.CopyTo(value[length..]);
            length += 4;
        }

        writer.Add(DhcpOption.ClasslessStaticRoute, value[..length]);
    }

    private static void AddAddresses(ref DhcpWriter writer, DhcpOption option, IReadOnlyList<IpAddress> addresses)
    {
        if (addresses.Count == 0)
            return;
        Span<byte> value = stackalloc byte[byte.MaxValue];
        for (int i = 0; i < addresses.Count; i++)
            addresses[i].CopyTo(value[(4 * i)..]);
        writer.Add(option, value[..(4 * addresses.Count)]);
    }
}
