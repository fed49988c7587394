using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Fabric.Wire;

namespace Fabric.Hosts.Dhcp;

/// <summary>Makes a lease of a server's answer.</summary>
internal static class LeaseReader
{
    private const int MaxNameServers = 4;
    private const int MinMtu = 68;
    private const uint Infinite = uint.MaxValue;

    /// <returns>False when the answer lacks what a lease cannot do without (RFC 2131, table 3), or gives an address no host can have.</returns>
    internal static bool TryRead(in DhcpView message, out DhcpLease? lease)
    {
        lease = null;
        IpAddress address = message.YourAddress;
        if (!message.TryFindAddress(DhcpOption.ServerIdentifier, out IpAddress server) || !message.TryFindNumber(DhcpOption.LeaseTime, out uint seconds) || seconds == 0)
            return false;
        if (address.IsUnspecified || address.IsMulticast || address.IsLoopback || address == IpAddress.BroadcastV4)
            return false;
        bool masked = message.TryFindAddress(DhcpOption.SubnetMask, out IpAddress mask);
        int length = masked ? BitOperations.LeadingZeroCount(~mask.V4) : ClassfulLength(address);

        // RFC 2131, 4.4.5: half and seven eighths of the lease, unless the server says otherwise and in that order.
        long duration = seconds == Infinite ? Timed.Never : seconds;
        long renewal = message.TryFindNumber(DhcpOption.RenewalTime, out uint t1) && t1 < duration ? t1 : duration / 2;
        long rebinding = message.TryFindNumber(DhcpOption.RebindingTime, out uint t2) && t2 < duration && t2 > renewal ? t2 : duration / 8 * 7;
        bool routed = message.TryFindAddress(DhcpOption.Router, out IpAddress router);
        lease = new DhcpLease(new IpPrefix(address, length), server, Seconds(duration))
        {
            Router = routed && !router.IsUnspecified ? router : null,
            NameServers = ReadAddresses(in message, DhcpOption.DomainNameServer),
            Domain = message.TryFind(DhcpOption.DomainName, out ReadOnlySpan<byte> domain) ? Encoding.ASCII.GetString(domain).TrimEnd('\0') : null,
            Mtu = message.TryFind(DhcpOption.InterfaceMtu, out ReadOnlySpan<byte> mtu) && mtu.Length == 2 && BinaryPrimitives.ReadUInt16BigEndian(mtu) >= MinMtu
                ? BinaryPrimitives.ReadUInt16BigEndian(mtu)
                : null,
            Renewal = Seconds(renewal),
            Rebinding = Seconds(Math.Max(rebinding, renewal)),
        };
        return true;
    }

    private static TimeSpan Seconds(long seconds) => seconds >= Infinite ? TimeSpan.MaxValue : TimeSpan.FromSeconds(seconds);

    private static int ClassfulLength(IpAddress address) => (address.V4 >> 29) switch { < 4 => 8, < 6 => 16, _ => 24 };

    private static List<IpAddress> ReadAddresses(in DhcpView message, DhcpOption option)
    {
        List<IpAddress> found = [];
        if (!message.TryFind(option, out ReadOnlySpan<byte> value))
            return found;
        for (; value.Length >= 4 && found.Count < MaxNameServers; value = value[4..])
            found.Add(IpAddress.ReadV4(value));
        return found;
    }
}
