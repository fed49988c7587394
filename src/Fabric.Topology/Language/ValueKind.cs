namespace Fabric.Topology.Language;

/// <summary>What may stand behind a key.</summary>
internal enum ValueKind
{
    /// <summary>Any text.</summary>
    Text,

    /// <summary>A name that other places refer to.</summary>
    Name,

    /// <summary>A path, relative to the topology file.</summary>
    Path,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>A size such as 256MiB.</summary>
    Size,

    /// <summary>A time such as 30s.</summary>
    Duration,

    /// <summary>An Ethernet address.</summary>
    Mac,

    /// <summary>An IP address with or without prefix length.</summary>
    Address,

    /// <summary>A network in CIDR form.</summary>
    Network,

    /// <summary>One of a few words.</summary>
    Choice,

    /// <summary>A mapping with known keys.</summary>
    Section,

    /// <summary>A mapping from names of the user's own to sections.</summary>
    SectionsByName,

    /// <summary>A list of sections.</summary>
    Sections,

    /// <summary>A list of names.</summary>
    Names,

    /// <summary>A list of addresses; a lone one needs no brackets.</summary>
    Addresses,

    /// <summary>A mapping from names to addresses.</summary>
    AddressesByName,

    /// <summary>A list of names, or a mapping from names to sections.</summary>
    NamesOrSections,

    /// <summary>A point in time, with its zone.</summary>
    Instant,
}
