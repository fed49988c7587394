using Fabric.Link;

namespace Fabric.Virtio;

/// <summary>Feature bits of the network device (virtio 1.2, section 5.1.3).</summary>
internal static class NetFeatures
{
    internal const ulong Checksum = 1UL << 0;
    internal const ulong GuestChecksum = 1UL << 1;
    internal const ulong Mtu = 1UL << 3;
    internal const ulong Mac = 1UL << 5;
    internal const ulong GuestTso4 = 1UL << 7;
    internal const ulong GuestTso6 = 1UL << 8;
    internal const ulong GuestEcn = 1UL << 9;
    internal const ulong HostTso4 = 1UL << 11;
    internal const ulong HostTso6 = 1UL << 12;
    internal const ulong HostEcn = 1UL << 13;
    internal const ulong MergeableBuffers = 1UL << 15;
    internal const ulong Status = 1UL << 16;
    internal const ulong ControlQueue = 1UL << 17;
    internal const ulong ControlReceive = 1UL << 18;
    internal const ulong ControlVlan = 1UL << 19;
    internal const ulong ControlMac = 1UL << 23;
    internal const ulong GuestUso4 = 1UL << 54;
    internal const ulong GuestUso6 = 1UL << 55;
    internal const ulong HostUso = 1UL << 56;

    /// <summary>What a network card here offers.</summary>
    internal const ulong Offered = Checksum | GuestChecksum | Mtu | Mac | GuestTso4 | GuestTso6 | GuestEcn | HostTso4 | HostTso6 | HostEcn
        | MergeableBuffers | Status | ControlQueue | ControlReceive | ControlVlan | ControlMac | GuestUso4 | GuestUso6 | HostUso;

    /// <summary>What a network card offers that lets its guest leave some things to others, and others to it.</summary>
    internal static ulong OfferedWith(FrameOffloads offloads)
    {
        ulong missing = 0;
        Without(FrameOffloads.Checksum, Checksum | GuestChecksum);
        Without(FrameOffloads.TcpV4, GuestTso4 | HostTso4);
        Without(FrameOffloads.TcpV6, GuestTso6 | HostTso6);
        Without(FrameOffloads.Udp, GuestUso4 | GuestUso6 | HostUso);
        Without(FrameOffloads.Ecn, GuestEcn | HostEcn);
        return Offered & ~missing;

        void Without(FrameOffloads offload, ulong features)
        {
            // Segmentation of any kind needs the checksum (virtio 1.2, 5.1.3.1).
            if ((offloads & offload) == 0 || (offloads & FrameOffloads.Checksum) == 0)
                missing |= features;
        }
    }
}
