using System.Runtime.InteropServices;

namespace Fabric.Overlay.Underlays;

/// <summary>The Linux calls of this room: batched datagrams (recvmmsg(2), sendmmsg(2)) with segmentation (udp(7)). Layouts are those of
/// 64-bit Linux.</summary>
internal static unsafe partial class Native
{
    internal const int DontWait = 0x40;
    internal const int NoSignal = 0x4000;

    internal const int SocketLevel = 1;
    internal const int ReceiveBufferForce = 33;
    internal const int SendBufferForce = 32;
    internal const int NoCheck = 11;

    internal const int IpLevel = 0;
    internal const int IpTrafficClass = 1;
    internal const int IpTimeToLive = 2;
    internal const int IpMtuDiscover = 10;
    internal const int IpMtu = 14;
    internal const int IpMulticastInterface = 32;
    internal const int IpMulticastTimeToLive = 33;
    internal const int IpMulticastLoop = 34;
    internal const int IpAddMembership = 35;

    internal const int Ipv6Level = 41;
    internal const int Ipv6UnicastHops = 16;
    internal const int Ipv6MulticastInterface = 17;
    internal const int Ipv6MulticastHops = 18;
    internal const int Ipv6MulticastLoop = 19;
    internal const int Ipv6JoinGroup = 20;
    internal const int Ipv6MtuDiscover = 23;
    internal const int Ipv6Mtu = 24;
    internal const int Ipv6Only = 26;
    internal const int Ipv6TrafficClass = 67;

    internal const int UdpLevel = 17;
    internal const int UdpNoChecksum6Transmit = 101;
    internal const int UdpNoChecksum6Receive = 102;
    internal const int UdpSegment = 103;
    internal const int UdpGro = 104;

    /// <summary>IP_PMTUDISC_DO, IPV6_PMTUDISC_DO: Don't Fragment on every packet, EMSGSIZE for one that is too long.</summary>
    internal const int NeverFragment = 2;

    /// <summary>IP_PMTUDISC_PROBE, IPV6_PMTUDISC_PROBE: Don't Fragment on every packet, whatever is known of the way beyond the interface.</summary>
    internal const int ProbePath = 3;

    internal const int ErrorIo = 5;
    internal const int ErrorAgain = 11;
    internal const int ErrorInvalid = 22;
    internal const int ErrorMessageSize = 90;
    internal const int ErrorNoBuffers = 105;

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    internal static partial int ReceiveMany(int fd, Message* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    internal static partial int SendMany(int fd, Message* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    internal static partial int Connect(SafeHandle socket, byte* address, uint length);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Piece
    {
        internal void* Base;
        internal nuint Length;
    }

    /// <summary>struct mmsghdr.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    internal struct Message
    {
        internal byte* Name;
        internal uint NameLength;
        internal Piece* Pieces;
        internal nuint PieceCount;
        internal byte* Control;
        internal nuint ControlLength;
        internal long Flags;
        internal uint Length;
    }

    /// <summary>struct cmsghdr with the one value that UDP segmentation needs or tells, and its padding.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 24)]
    internal struct Control
    {
        internal nuint Length;
        internal int Level;
        internal int Type;
        internal int Value;
    }
}
