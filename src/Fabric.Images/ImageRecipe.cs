namespace Fabric.Images;

/// <summary>How an image of the catalogue is made.</summary>
internal sealed record ImageRecipe
{
    /// <summary>Counts up with every change to what is built from the same packages.</summary>
    public const int Revision = 2;

    /// <summary>First revision whose guests have a DHCP client.</summary>
    public const int FirstWithDhcp = 2;

    /// <summary>The catalogue.</summary>
    public static IReadOnlyList<ImageRecipe> Catalogue { get; } = [new ImageRecipe { Name = "debian-riscv64", Suite = "trixie", Architecture = "riscv64" }];

    public required string Name { get; init; }

    /// <summary>Release of the distribution.</summary>
    public required string Suite { get; init; }

    /// <summary>Architecture in the distribution's words.</summary>
    public required string Architecture { get; init; }

    /// <summary>Packages that are wanted; what they depend on comes along.</summary>
    public IReadOnlyList<string> Packages { get; } =
    [
        "linux-image-riscv64", "base-files", "busybox-static", "dash", "bash", "iproute2", "iperf3", "perl-base", "e2fsprogs", "libc6",
    ];

    /// <summary>Packages that others depend on and that this guest does without: apt is told they are there. busybox does what coreutils,
    /// mount, kmod and debianutils do; the image has its own init and initramfs; there are no users to administer.</summary>
    public IReadOnlyList<string> Absent { get; } =
    [
        "initramfs-tools", "linux-base", "kmod", "coreutils", "systemd", "passwd", "adduser", "base-passwd", "init-system-helpers", "debconf",
        "libpam0g", "libcap2-bin", "logsave", "mount", "debianutils", "mawk",
    ];

    /// <summary>Modules that /init loads, in any order; what they depend on comes along. crc32c_generic is named because ext4 asks for it by
    /// the name of an algorithm.</summary>
    public IReadOnlyList<string> BootModules { get; } = ["virtio_mmio", "virtio_blk", "crc32c_generic", "ext4", "virtio_net", "virtio-rng"];

    /// <summary>Directories and files (without suffix) of modules that the root disk carries for whoever loads them.</summary>
    public IReadOnlyList<string> DiskModules { get; } =
    [
        "net/802", "net/8021q", "net/9p", "net/bridge", "net/core", "net/dns_resolver", "net/ife", "net/ipv4", "net/ipv6", "net/key", "net/l2tp",
        "net/llc", "net/mpls", "net/netfilter", "net/netlink", "net/nsh", "net/openvswitch", "net/packet", "net/psample", "net/sched", "net/sctp",
        "net/tls", "net/unix", "net/vmw_vsock", "net/xfrm", "drivers/net/bonding", "drivers/net/dummy", "drivers/net/geneve", "drivers/net/ifb",
        "drivers/net/ipvlan", "drivers/net/macsec", "drivers/net/macvlan", "drivers/net/macvtap", "drivers/net/nlmon", "drivers/net/tap",
        "drivers/net/team", "drivers/net/tun", "drivers/net/veth", "drivers/net/vrf", "drivers/net/vxlan", "drivers/net/wireguard",
        "drivers/block/brd", "drivers/block/loop", "drivers/block/nbd", "drivers/block/zram", "drivers/virtio", "fs/9p", "fs/fat", "fs/fuse",
        "fs/isofs", "fs/netfs", "fs/nls/nls_ascii", "fs/nls/nls_cp437", "fs/nls/nls_utf8", "fs/overlayfs", "fs/squashfs", "crypto",
        "lib", "arch/riscv/crypto",
    ];

    /// <summary>Size of the root disk in bytes; a larger overlay makes the guest grow the file system.</summary>
    public long DiskSize { get; } = 512L << 20;

    /// <summary>Kernel command line. Of the 820 million instructions that the stock kernel takes to /init, 560 million go to self-tests of
    /// its cryptography, to the entropy test of a generator that nothing here uses, and to certificates for signed modules; the three words
    /// spare them. Measured on 6.12.107 with an instruction-counting emulator.</summary>
    public string Cmdline { get; } =
        "console=ttyS0 root=/dev/vda rw quiet cryptomgr.notests initcall_blacklist=jent_mod_init,load_system_certificate_list";
}
