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

    internal static readonly Section Switch = new(
        "switch",
        new Key("mtu", ValueKind.Integer, "Largest payload of a frame in bytes; guests are told through virtio.") { Range = (68, 65535) },
        new Key("ageing", ValueKind.Duration, "How long a learned address stays without being seen; 300s unless given."),
        new Key("subnet", ValueKind.Network, "Network that every address on this switch belongs to, such as 10.0.0.0/24."));

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
        new Key("to", ValueKind.Name, "Switch that the NIC is plugged into.") { IsRequired = true },
        new Key("mac", ValueKind.Mac, "Ethernet address; derived from the names, the same at every start, unless given."),
        new Key("address", ValueKind.Address, "Address that the guest configures, such as 10.0.0.1/24."));

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

    internal static readonly Section Ping = new(
        "ping",
        new Key("from", ValueKind.Name, "Machine that pings.") { IsRequired = true },
        new Key("to", ValueKind.Text, "Machine or address that is pinged.") { IsRequired = true },
        new Key("count", ValueKind.Integer, "Number of echoes, all of which must come back; 3 unless given.") { Range = (1, 1000) });

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

    internal static readonly Section Test = new(
        "test",
        new Key("name", ValueKind.Text, "What the step shows, for the report."),
        new Key("ping", ValueKind.Section, "One machine pings another; every echo must come back.") { Section = Ping },
        new Key("exec", ValueKind.Section, "A command runs in a guest; its exit status and output are judged.") { Section = Exec },
        new Key("restart", ValueKind.Section, "A machine is stopped in order and started again.") { Section = Restart, Shorthand = "vm" });

    internal static readonly Section Root = new(
        "topology",
        new Key("name", ValueKind.Name, "Name of the topology; the file's name unless given."),
        new Key("images", ValueKind.SectionsByName, "Guest images.") { Section = Image },
        new Key("switches", ValueKind.SectionsByName, "Switches.") { Section = Switch },
        new Key("disks", ValueKind.SectionsByName, "Disks.") { Section = Disk },
        new Key("pool", ValueKind.Section, "What the disks may take on the host together.") { Section = Pool },
        new Key("vms", ValueKind.SectionsByName, "Virtual machines.") { Section = Vm },
        new Key("tests", ValueKind.Sections, "Steps of 'fabric test', in order.") { Section = Test });
}
