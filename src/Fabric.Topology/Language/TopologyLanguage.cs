namespace Fabric.Topology.Language;

/// <summary>The topology file's language, key by key. The loader checks files against it and the JSON schema is generated from it, so
/// that the two cannot drift apart.</summary>
internal static class TopologyLanguage
{
    /// <summary>Prefix of top-level keys that the loader passes over: a place for YAML anchors.</summary>
    internal const string ExtensionPrefix = "x-";

    internal static readonly Section Image = new(
        "image",
        new Key("pull", ValueKind.Choice, "Image of the catalogue, made from the distribution's packages on first use.") { Choices = ["debian-riscv64"] },
        new Key("kernel", ValueKind.Path, "Kernel image of your own."),
        new Key("initrd", ValueKind.Path, "Initial RAM file system of your own."),
        new Key("cmdline", ValueKind.Text, "Kernel command line; replaces the image's default."));

    internal static readonly Section SpanningTree = new(
        "spanning-tree",
        new Key("protocol", ValueKind.Choice, "rstp (which falls back to stp where a neighbour speaks nothing else) or stp; rstp unless given.") { Choices = ["rstp", "stp"] },
        new Key("priority", ValueKind.Integer, "Priority as root, a multiple of 4096; the lower the likelier. 32768 unless given.") { Range = (0, 61440) },
        new Key("hello", ValueKind.Integer, "Seconds between two messages; 2 unless given.") { Range = (1, 10) },
        new Key("max-age", ValueKind.Integer, "Seconds after which what a silent neighbour said is dropped; 20 unless given.") { Range = (6, 40) },
        new Key("forward-delay", ValueKind.Integer, "Seconds in each state before forwarding where no neighbour agrees to less; 15 unless given.") { Range = (4, 30) });

    internal static readonly Section Snooping = new(
        "snooping",
        new Key("vlans", ValueKind.Text, "VLANs it is done in, such as 10,20-29; all frames alike in a switch without VLANs."),
        new Key("querier", ValueKind.Address, "IPv4 address from which the switch asks for members where nobody else does, such as 10.0.0.254."),
        new Key("querier6", ValueKind.Address, "The same for IPv6: a link-local address."));

    internal static readonly Section Mirror = new(
        "mirror",
        new Key("ports", ValueKind.Names, "Ports whose frames are copied, such as alice.0 or core/edge."),
        new Key("vlans", ValueKind.Text, "VLANs whose frames are copied, such as 10,20-29."),
        new Key("direction", ValueKind.Choice, "received (by the switch), transmitted or both; both unless given.") { Choices = ["received", "transmitted", "both"] },
        new Key("rules", ValueKind.Boolean, "Also copy the frames that an access rule with 'mirror: true' decides about."),
        new Key("to", ValueKind.Text, "Port that gets the copies.") { IsRequired = true });

    internal static readonly Section Rule = new(
        "rule",
        new Key("action", ValueKind.Choice, "What happens to the frame; reject, with routers alone, also tells the sender.") { Choices = ["permit", "deny", "reject"], IsRequired = true },
        new Key("mirror", ValueKind.Boolean, "Show the frame to the mirrors with 'rules: true'."),
        new Key("from", ValueKind.Network, "Source network, such as 10.0.0.0/24 or 10.0.0.7/32."),
        new Key("to", ValueKind.Network, "Destination network."),
        new Key("from-mac", ValueKind.Mac, "Source station."),
        new Key("to-mac", ValueKind.Mac, "Destination station, or group such as ff:ff:ff:ff:ff:ff."),
        new Key("vlan", ValueKind.Integer, "VLAN of the frame.") { Range = (1, 4094) },
        new Key("protocol", ValueKind.Choice, "Protocol of the packet.") { Choices = ["tcp", "udp", "icmp", "icmp6", "ip", "ip6", "arp"] },
        new Key("port", ValueKind.Text, "With tcp or udp: destination port, or ports such as 8000-8099."),
        new Key("from-port", ValueKind.Text, "With tcp or udp: source port or ports."));

    internal static readonly Section AccessList = new(
        "access list",
        new Key("rules", ValueKind.Sections, "The first rule that fits a frame decides.") { Section = Rule },
        new Key("otherwise", ValueKind.Choice, "What happens to a frame that no rule fits; deny unless given.") { Choices = ["permit", "deny"] });

    internal static readonly Section Switch = new(
        "switch",
        new Key("mtu", ValueKind.Integer, "Largest payload of a frame in bytes; guests are told through virtio.") { Range = (68, 65535) },
        new Key("ageing", ValueKind.Duration, "How long a learned address stays without being seen; 300s unless given."),
        new Key("subnet", ValueKind.Network, "Network that every address on this switch belongs to, such as 10.0.0.0/24."),
        new Key("max-addresses", ValueKind.Integer, "Most addresses it learns; 16384 unless given.") { Range = (1, 131_072) },
        new Key("snooping", ValueKind.Section, "Send multicast only to ports whose stations joined its group (IGMP, MLD).") { Section = Snooping },
        new Key("mirrors", ValueKind.SectionsByName, "Copies of frames that go to a port of the switch (SPAN).") { Section = Mirror },
        new Key("spanning-tree", ValueKind.Section, "Speak a spanning tree protocol, so that links may form rings.") { Section = SpanningTree, Shorthand = "protocol" });

    internal static readonly Section Storm = new(
        "storm limit",
        new Key("broadcast", ValueKind.Integer, "Most broadcast frames a second.") { Range = (1, 100_000_000) },
        new Key("multicast", ValueKind.Integer, "Most multicast frames a second.") { Range = (1, 100_000_000) },
        new Key("unknown", ValueKind.Integer, "Most frames a second to stations that the switch does not know.") { Range = (1, 100_000_000) });

    /// <summary>What a port of a switch lets pass; the same keys wherever something is plugged in.</summary>
    internal static Key[] PortKeys =>
    [
        new Key("vlan", ValueKind.Integer, "VLAN of the port; frames pass it untagged.") { Range = (1, 4094) },
        new Key("trunk", ValueKind.Text, "VLANs that pass the port tagged, such as 10,20-29 or all."),
        new Key("native", ValueKind.Integer, "With trunk: the one VLAN that passes untagged.") { Range = (1, 4094) },
        new Key("tunnel", ValueKind.Integer, "VLAN in which whatever passes the port is carried, with tags of its own inside (QinQ).") { Range = (1, 4094) },
        new Key("isolated", ValueKind.Boolean, "Exchange frames only with ports that are not isolated."),
        new Key("most-addresses", ValueKind.Integer, "Frames from further addresses than this many are dropped.") { Range = (1, 131_072) },
        new Key("police", ValueKind.Text, "Most that may come in from the port, such as 100Mbit; what exceeds it is dropped."),
        new Key("shape", ValueKind.Text, "Most that leaves by the port, such as 100Mbit; what exceeds it waits, as far as there is room."),
        new Key("storm", ValueKind.Section, "Most frames a second from the port that go to many ports.") { Section = Storm },
        new Key("acl-in", ValueKind.Name, "Access list for what comes in from the port."),
        new Key("acl-out", ValueKind.Name, "Access list for what leaves by the port."),
        new Key("edge", ValueKind.Boolean, "With spanning-tree: forward at once, as no switch is behind the port."),
        new Key("cost", ValueKind.Integer, "With spanning-tree: cost of the port on the way to the root; 2000 unless given.") { Range = (1, 200_000_000) },
        new Key("bpdu-guard", ValueKind.Boolean, "With spanning-tree: shut the port when a switch turns up behind it."),
        new Key("root-guard", ValueKind.Boolean, "With spanning-tree: take no root from behind the port."),
    ];

    internal static readonly Section Link = new(
        "link",
        [
            new Key("a", ValueKind.Name, "Switch, or interface of a router such as r1.east, at one end.") { IsRequired = true },
            new Key("b", ValueKind.Name, "Switch or router's interface at the other end.") { IsRequired = true },
            .. PortKeys,
        ]);

    internal static readonly Section Tap = new(
        "tap",
        [
            new Key("to", ValueKind.Name, "Switch, bond, or interface of a router such as r1.lan, that the TAP is plugged into.") { IsRequired = true },
            new Key("interface", ValueKind.Text, "Name of the host's interface, at most 15 characters; the TAP's own name unless given."),
            new Key("netns", ValueKind.Text, "Network namespace it is made in: a name or a process id."),
            new Key("queues", ValueKind.Integer, "Queues over which the host spreads its flows; 1 unless given.") { Range = (1, 256) },
            new Key("address", ValueKind.Address, "Address that the host's interface gets, such as 10.0.0.254/24."),
            new Key("mac", ValueKind.Mac, "Ethernet address of the host's interface; the host chooses unless given."),
            new Key("offloads", ValueKind.Boolean, "Pass super-frames and partial checksums; true unless given."),
            .. PortKeys,
        ]);

    internal static readonly Section Stream = new(
        "stream",
        [
            new Key("to", ValueKind.Name, "Switch, bond, or interface of a router such as r1.lan, that the peer is plugged into.") { IsRequired = true },
            new Key("listen", ValueKind.Text, "Where to wait for the peer: a path, or tcp:HOST:PORT. For QEMU's -netdev stream."),
            new Key("connect", ValueKind.Text, "Where the peer listens: a path, or tcp:HOST:PORT."),
            .. PortKeys,
        ]);

    internal static readonly string[] DiskFormats = ["qcow2", "vhdx", "vhd", "vmdk", "raw"];

    internal static readonly Section Throttle = new(
        "throttle",
        new Key("iops", ValueKind.Integer, "Requests a second.") { Range = (1, 100_000_000) },
        new Key("iops-burst", ValueKind.Integer, "Requests that may pass at once after a quiet spell; a tenth of a second's worth unless given.") { Range = (1, 100_000_000) },
        new Key("bytes-per-second", ValueKind.Size, "Bytes read and written a second, such as 50MiB."),
        new Key("bytes-burst", ValueKind.Size, "Bytes that may pass at once after a quiet spell; a tenth of a second's worth unless given."));

    internal static readonly Section DiskFault = new(
        "fault",
        new Key("on", ValueKind.Choice, "Kind of request; all unless given.") { Choices = ["read", "write", "zero", "discard", "flush", "all"] },
        new Key("every", ValueKind.Integer, "1 hits each of them, 3 every third; 1 unless given.") { Range = (1, int.MaxValue) },
        new Key("answer", ValueKind.Choice, "What the guest gets; io-error unless given. ok does the request after the delay.") { Choices = ["io-error", "no-space", "ok"] },
        new Key("delay", ValueKind.Duration, "How long the request is held up first."));

    internal static readonly Section Pool = new(
        "pool",
        new Key("limit", ValueKind.Size, "Most that the disk files of this topology may take on the host together, such as 20GiB.") { IsRequired = true });

    internal static readonly Section Disk = new(
        "disk",
        new Key("file", ValueKind.Path, "Disk image of your own; without it the topology keeps one in its state folder."),
        new Key("format", ValueKind.Choice, "Format of the disk; qcow2 unless given. With a base, qcow2 is a thin overlay; vhdx, vhd and vmdk are filled from the base when they are made.") { Choices = DiskFormats },
        new Key("base", ValueKind.Text, "What the disk is a thin overlay over: an image of this file by name, or the path of a disk image."),
        new Key("base-format", ValueKind.Choice, "Format of the base, when it is a path.") { Choices = DiskFormats },
        new Key("size", ValueKind.Size, "Virtual size for a disk that is made, such as 8GiB; that of its base unless given."),
        new Key("readonly", ValueKind.Boolean, "Guests may not write."),
        new Key("throttle", ValueKind.Section, "What the disk lets through in a second.") { Section = Throttle },
        new Key("cache", ValueKind.Size, "Keep up to this much in memory and write it back later, at the latest when the guest flushes."),
        new Key("copy-on-read", ValueKind.Boolean, "Keep in the disk what is read from its base."),
        new Key("faults", ValueKind.Sections, "Requests that fail or are held up on purpose; the first that fits decides.") { Section = DiskFault });

    internal static readonly Section Nic = new(
        "nic",
        [
            new Key("to", ValueKind.Name, "Switch, or interface of a router such as r1.lan, that the NIC is plugged into.") { IsRequired = true },
            new Key("mac", ValueKind.Mac, "Ethernet address; derived from the names, the same at every start, unless given."),
            new Key("address", ValueKind.Address, "Address that the guest configures, such as 10.0.0.1/24."),
            new Key("address6", ValueKind.Address, "IPv6 address that the guest configures beside an IPv4 one, such as fd00::1/64."),
            new Key("gateway", ValueKind.Text, "Where IPv4 packets for other networks go: an address such as 10.0.0.254, or a router on the same switch by its name."),
            new Key("gateway6", ValueKind.Text, "The same for IPv6."),
            new Key("dhcp", ValueKind.Boolean, "The guest takes an IPv4 address, gateway and name servers from a DHCP server."),
            new Key("autoconfigure", ValueKind.Boolean, "The guest forms IPv6 addresses from the prefixes that routers advertise."),
            new Key("offloads", ValueKind.Choice, "What the guest may leave to others: all (checksums and segmentation), checksum or none; all unless given.") { Choices = ["all", "checksum", "none"] },
            .. PortKeys,
        ]);

    internal static readonly Section Vm = new(
        "vm",
        new Key("image", ValueKind.Name, "Image that the machine boots from."),
        new Key("kernel", ValueKind.Path, "Kernel; replaces the image's."),
        new Key("initrd", ValueKind.Path, "Initial RAM file system; replaces the image's."),
        new Key("cmdline", ValueKind.Text, "Kernel command line; replaces the image's."),
        new Key("firmware", ValueKind.Path, "Firmware (OpenSBI, U-Boot) that starts in place of the built-in SBI."),
        new Key("cpus", ValueKind.Integer, "Number of processors; 1 unless given.") { Range = (1, 8) },
        new Key("memory", ValueKind.Size, "RAM, such as 256MiB; 512MiB unless given."),
        new Key("disks", ValueKind.Names, "Disks in the order the guest sees them (vda, vdb …)."),
        new Key("nics", ValueKind.Sections, "NICs in the order the guest sees them.") { Section = Nic });

    internal static readonly string[] HostServices = ["echo", "sink"];

    internal static readonly Section Host = new(
        "host",
        [
            new Key("to", ValueKind.Name, "Switch, or interface of a router such as r1.lan, that the host is plugged into.") { IsRequired = true },
            new Key("mac", ValueKind.Mac, "Ethernet address; derived from the names, the same at every start, unless given."),
            new Key("address", ValueKind.Address, "IPv4 address, such as 10.0.0.1/24."),
            new Key("address6", ValueKind.Address, "IPv6 address, such as fd00::1/64; a link-local one is there anyway."),
            new Key("gateway", ValueKind.Text, "Where IPv4 packets for other networks go: an address such as 10.0.0.254, or a router on the same switch by its name."),
            new Key("gateway6", ValueKind.Text, "The same for IPv6."),
            new Key("tag", ValueKind.Integer, "VLAN whose tag the host itself puts on its frames.") { Range = (1, 4094) },
            new Key("dhcp", ValueKind.Boolean, "Take an IPv4 address from a DHCP server."),
            new Key("autoconfigure", ValueKind.Boolean, "Form IPv6 addresses from the prefixes that routers advertise."),
            new Key("services", ValueKind.Names, "What the host offers: echo (UDP and TCP port 7), sink (counts at UDP port 9 what generators send)."),
            new Key("traffic", ValueKind.Sections, "What the host sends from the start on, for a sink to count.") { Section = OutsideLanguage.Traffic },
            .. PortKeys,
        ]);

    internal static readonly Section Ping = new(
        "ping",
        new Key("from", ValueKind.Name, "VM or host that pings.") { IsRequired = true },
        new Key("to", ValueKind.Text, "VM, host, router or address that is pinged.") { IsRequired = true },
        new Key("count", ValueKind.Integer, "Number of echoes, all of which must come back; 3 unless given.") { Range = (1, 1000) },
        new Key("answer", ValueKind.Choice, "all echoes must come back, or none may; all unless given.") { Choices = ["all", "none"] },
        new Key("within", ValueKind.Duration, "Try again until it is as expected, at most this long; for what needs time to settle."));

    internal static readonly Section Exec = new(
        "exec",
        new Key("vm", ValueKind.Name, "Machine the command runs in.") { IsRequired = true },
        new Key("run", ValueKind.Text, "Shell command.") { IsRequired = true },
        new Key("expect", ValueKind.Text, "Text that its standard output must contain."),
        new Key("status", ValueKind.Integer, "Exit status expected; 0 unless given.") { Range = (0, 255) },
        new Key("timeout", ValueKind.Duration, "Longest time it may take; 60s unless given."));

    internal static readonly Section Restart = new(
        "restart",
        new Key("vm", ValueKind.Name, "Machine that is stopped in order and started again.") { IsRequired = true });

    internal static readonly Section LinkChange = new(
        "link",
        new Key("a", ValueKind.Name, "Switch, router or router's interface at one end.") { IsRequired = true },
        new Key("b", ValueKind.Name, "Switch, router or router's interface at the other end.") { IsRequired = true },
        new Key("state", ValueKind.Choice, "down cuts the link, up mends it.") { Choices = ["up", "down"], IsRequired = true });

    internal static readonly Section Test = new(
        "test",
        new Key("name", ValueKind.Text, "What the step shows, for the report."),
        new Key("ping", ValueKind.Section, "One VM or host pings another; every echo must come back.") { Section = Ping },
        new Key("exec", ValueKind.Section, "A command runs in a guest; its exit status and output are judged.") { Section = Exec },
        new Key("restart", ValueKind.Section, "A machine is stopped in order and started again.") { Section = Restart, Shorthand = "vm" },
        new Key("link", ValueKind.Section, "A link between switches or routers is cut or mended.") { Section = LinkChange },
        new Key("route", ValueKind.Section, "A router must know a way.") { Section = RouterLanguage.RouteStep });

    internal static readonly Section Root = new(
        "topology",
        new Key("name", ValueKind.Name, "Name of the topology; the file's name unless given."),
        new Key("images", ValueKind.SectionsByName, "Guest images.") { Section = Image },
        new Key("switches", ValueKind.SectionsByName, "Switches.") { Section = Switch },
        new Key("routers", ValueKind.SectionsByName, "Routers.") { Section = RouterLanguage.Router },
        new Key("prefix-lists", ValueKind.SectionsByName, "Lists that tell some routes from others, for the filters of routers.") { Section = RouterLanguage.PrefixList },
        new Key("acls", ValueKind.SectionsByName, "Access lists that ports and interfaces of routers name.") { Section = AccessList },
        new Key("links", ValueKind.Sections, "Cables between switches, and between routers.") { Section = Link },
        new Key("taps", ValueKind.SectionsByName, "Interfaces of the host that are plugged into switches or routers.") { Section = Tap },
        new Key("streams", ValueKind.SectionsByName, "Processes at stream sockets, such as guests of QEMU, that are plugged into switches.") { Section = Stream },
        new Key("datagrams", ValueKind.SectionsByName, "Processes at datagram sockets, such as guests of QEMU, that are plugged into switches or routers.") { Section = OutsideLanguage.Datagram },
        new Key("interfaces", ValueKind.SectionsByName, "Interfaces that this machine has already and that are plugged into switches or routers.") { Section = OutsideLanguage.Interface },
        new Key("bonds", ValueKind.SectionsByName, "Several taps, interfaces, streams or datagrams that are one port, with LACP or without.") { Section = OutsideLanguage.Bond },
        new Key("sites", ValueKind.SectionsByName, "Machines, where the file is for several, and the part that runs on each: fabric up FILE --site NAME.") { Section = OverlayLanguage.Site },
        new Key("overlays", ValueKind.SectionsByName, "VXLAN segments that switches share with other machines.") { Section = OverlayLanguage.Overlay },
        new Key("disks", ValueKind.SectionsByName, "Disks.") { Section = Disk },
        new Key("pool", ValueKind.Section, "What the disks may take on the host together.") { Section = Pool },
        new Key("vms", ValueKind.SectionsByName, "Virtual machines.") { Section = Vm },
        new Key("hosts", ValueKind.SectionsByName, "End points inside the daemon that answer, ask and measure like machines, at next to no cost.") { Section = Host },
        new Key("tests", ValueKind.Sections, "Steps of 'fabric test', in order.") { Section = Test });
}
