namespace Fabric.Topology.Language;

/// <summary>The part of the language that is about what comes from outside and how it is joined.</summary>
internal static class OutsideLanguage
{
    private const string Place = "Switch, bond, or interface of a router such as r1.lan, that it is plugged into.";

    internal static readonly Section Interface = new(
        "interface",
        [
            new Key("to", ValueKind.Name, Place) { IsRequired = true },
            new Key("interface", ValueKind.Text, "Name of the host's interface, at most 15 characters; the entry's own name unless given."),
            new Key("netns", ValueKind.Text, "Network namespace it is in: a name or a process id."),
            new Key("offloads", ValueKind.Boolean, "Let super-frames and partial checksums leave by it; true unless given."),
            .. TopologyLanguage.PortKeys,
        ]);

    internal static readonly Section Datagram = new(
        "datagram",
        [
            new Key("to", ValueKind.Name, Place) { IsRequired = true },
            new Key("local", ValueKind.Text, "Where to receive: a path, or udp:HOST:PORT. For QEMU's -netdev dgram.") { IsRequired = true },
            new Key("peer", ValueKind.Text, "Where to send, and whom alone to hear: a path, or udp:HOST:PORT.") { IsRequired = true },
            .. TopologyLanguage.PortKeys,
        ]);

    internal static readonly Section Bond = new(
        "bond",
        [
            new Key("to", ValueKind.Name, "Switch, or interface of a router such as r1.lan, that the bond is plugged into. Its members are what names the bond in 'to:'.") { IsRequired = true },
            new Key("mode", ValueKind.Choice, "Which members are used: those LACP agrees on (lacp), all whose link is up (static), or one at a time (backup); lacp unless given.") { Choices = ["lacp", "static", "backup"] },
            new Key("hash", ValueKind.Choice, "What makes a flow, which keeps to one member; layer3+4 unless given.") { Choices = ["layer2", "layer2+3", "layer3+4"] },
            new Key("active", ValueKind.Boolean, "With lacp: speak first; true unless given."),
            new Key("fast", ValueKind.Boolean, "With lacp: ask the other side to speak each second rather than every 30."),
            new Key("priority", ValueKind.Integer, "With lacp: priority of this side, the lower the better; 32768 unless given.") { Range = (0, 65535) },
            new Key("min-links", ValueKind.Integer, "Fewest usable members with which the bond is up; 1 unless given.") { Range = (1, 16) },
            new Key("max-active", ValueKind.Integer, "With lacp: most members used at a time; 8 unless given.") { Range = (1, 16) },
            .. TopologyLanguage.PortKeys,
        ]);

    internal static readonly Section Traffic = new(
        "traffic",
        new Key("to", ValueKind.Text, "Host with 'services: [sink]', or address.") { IsRequired = true },
        new Key("rate", ValueKind.Integer, "Frames a second; 1000 unless given.") { Range = (1, 10_000_000) },
        new Key("size", ValueKind.Integer, "Bytes of a frame, Ethernet header included; the shortest unless given: 60, with IPv6 80.") { Range = (60, 65535) },
        new Key("flows", ValueKind.Integer, "Number of flows; 1 unless given.") { Range = (1, 4096) },
        new Key("count", ValueKind.Integer, "Frames in all; without end unless given.") { Range = (1, int.MaxValue) });
}
