using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Text;

namespace Fabric.Topology;

/// <summary>The arithmetic of addresses that a topology needs.</summary>
internal static class AddressPlan
{
    /// <summary>The network an address belongs to.</summary>
    internal static IPNetwork NetworkOf(IPAddress address, int prefixLength)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = prefixLength; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), prefixLength);
    }

    /// <summary>True for the all-zeroes and all-ones host parts of an IPv4 network with room for hosts (RFC 1122, 3.2.1.3).</summary>
    internal static bool IsNetworkOrBroadcast(IPAddress address, int prefixLength)
    {
        byte[] bytes = address.GetAddressBytes();
        if (bytes.Length != 4 || prefixLength > 30)
            return false;
        uint host = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes) & (uint.MaxValue >> prefixLength);
        return host == 0 || host == uint.MaxValue >> prefixLength;
    }

    /// <summary>Tells which of two IPv4 addresses comes first.</summary>
    internal static int Compare(IPAddress one, IPAddress other) => one.GetAddressBytes().AsSpan().SequenceCompareTo(other.GetAddressBytes());

    /// <summary>A locally administered address that is the same whenever the names are: 52:54 and four octets of a digest.</summary>
    internal static PhysicalAddress DeriveMac(string topology, string vm, int nic)
    {
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{topology}\0{vm}\0{nic}"));
        return new PhysicalAddress([0x52, 0x54, .. digest.AsSpan(0, 4)]);
    }

    /// <summary>An Ethernet address as users write it: six octets with colons.</summary>
    internal static string Format(PhysicalAddress mac) => string.Join(':', mac.GetAddressBytes().Select(octet => octet.ToString("x2")));
}
