using Fabric.Link;
using Fabric.Link.Bonding;
using Fabric.Link.Packet;
using Fabric.Link.Streams;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <content>Interfaces that are there already, datagram sockets and bonds.</content>
internal static partial class PortPlan
{
    /// <summary>Takes an interface of the host.</summary>
    /// <exception cref="LinkException">There is none, or the host refuses.</exception>
    internal static PacketSocketPort Open(InterfaceModel item) =>
        PacketSocketPort.Open(item.Name, new PacketSocketOptions(item.Interface) { Namespace = item.Namespace, Offloads = item.Offloads });

    /// <summary>Meets a process at a datagram socket.</summary>
    /// <exception cref="LinkException">The host refuses.</exception>
    internal static DatagramPort Open(DatagramModel datagram) => DatagramPort.Open(datagram.Name, datagram.Local, datagram.Peer);

    /// <summary>Makes one port of several.</summary>
    /// <param name="bond">What is wanted.</param>
    /// <param name="members">Its members; the bond's from now on.</param>
    /// <param name="key">LACP's number of the bond; another for each of a system.</param>
    /// <param name="time">Clock.</param>
    internal static BondPort Join(BondModel bond, IEnumerable<IPort> members, int key, TimeProvider time) =>
        new(bond.Name, time, [.. members.Select(member => new BondMember(member))], new BondOptions
        {
            Mode = bond.Mode switch { "static" => BondMode.Static, "backup" => BondMode.ActiveBackup, _ => BondMode.Lacp },
            Hash = bond.Hash switch { "layer2" => BondHash.Layer2, "layer2+3" => BondHash.Layer2And3, _ => BondHash.Layer3And4 },
            SystemAddress = AddressOf(bond.Mac),
            SystemPriority = bond.Priority,
            Key = key,
            IsActive = bond.IsActive,
            IsFast = bond.IsFast,
            MinLinks = bond.MinLinks,
            MaxActive = Math.Max(bond.MaxActive, bond.MinLinks),
        });
}
