using Fabric.Wire;

namespace Fabric.Routing;

/// <summary>An interface of a router, as its protocols see it. Immutable: a change makes a new one.</summary>
/// <param name="Index">Its number in the router, from 0; never used again for another one.</param>
/// <param name="Name">Its name in the topology, such as <c>r1.lan</c>.</param>
/// <param name="IsUp">True while packets can pass.</param>
/// <param name="IsLoopback">True for one without a link.</param>
/// <param name="Mtu">Longest IP packet in bytes.</param>
/// <param name="Mac">Its Ethernet address.</param>
/// <param name="Addresses">Its addresses with the networks they are in, of both families, the first of a family its source address where
/// nothing else is said; IPv6 link-local ones among them, as fe80::/64. Nobody changes the array.</param>
public sealed record RouterInterface(int Index, string Name, bool IsUp, bool IsLoopback, int Mtu, MacAddress Mac, IpPrefix[] Addresses)
{
    /// <summary>The first IPv4 address; null when it has none.</summary>
    public IpPrefix? V4 => First(address => address.IsV4);

    /// <summary>The IPv6 link-local address; null when it has none.</summary>
    public IpPrefix? LinkLocal => First(address => !address.IsV4 && address.Address.IsLinkLocal);

    /// <summary>Tells whether an address is on the interface's link.</summary>
    /// <param name="address">Of either family.</param>
    public bool IsOnLink(IpAddress address) => Array.Exists(Addresses, own => own.Contains(address));

    /// <summary>Tells whether an address is the interface's own.</summary>
    /// <param name="address">Of either family.</param>
    public bool IsOwn(IpAddress address) => Array.Exists(Addresses, own => own.Address == address);

    private IpPrefix? First(Predicate<IpPrefix> wanted)
    {
        int place = Array.FindIndex(Addresses, wanted);
        return place < 0 ? null : Addresses[place];
    }
}
