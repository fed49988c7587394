namespace Fabric.Topology;

/// <summary>A validated topology: every name resolves, every address is unique, every size is in range. Immutable.</summary>
public sealed partial record TopologyModel
{
    /// <summary>Name of the topology: the file's <c>name:</c>, or the file's own name without extension.</summary>
    public required string Name { get; init; }

    /// <summary>Absolute path of the file.</summary>
    public required string SourcePath { get; init; }

    /// <summary>Guest images by name.</summary>
    public required IReadOnlyDictionary<string, ImageModel> Images { get; init; }

    /// <summary>Switches by name.</summary>
    public required IReadOnlyDictionary<string, SwitchModel> Switches { get; init; }

    /// <summary>Routers by name, in the file's order.</summary>
    public IReadOnlyDictionary<string, RouterModel> Routers { get; init; } = new Dictionary<string, RouterModel>();

    /// <summary>Prefix lists by name.</summary>
    public IReadOnlyDictionary<string, PrefixListModel> PrefixLists { get; init; } = new Dictionary<string, PrefixListModel>();

    /// <summary>Access lists by name.</summary>
    public IReadOnlyDictionary<string, AccessListModel> AccessLists { get; init; } = new Dictionary<string, AccessListModel>();

    /// <summary>Cables between switches and routers, in the file's order; those that interfaces name with <c>to:</c> last.</summary>
    public IReadOnlyList<LinkModel> Links { get; init; } = [];

    /// <summary>Interfaces of the host by name.</summary>
    public IReadOnlyDictionary<string, TapModel> Taps { get; init; } = new Dictionary<string, TapModel>();

    /// <summary>Processes at stream sockets by name.</summary>
    public IReadOnlyDictionary<string, StreamModel> Streams { get; init; } = new Dictionary<string, StreamModel>();

    /// <summary>Processes at datagram sockets by name.</summary>
    public IReadOnlyDictionary<string, DatagramModel> Datagrams { get; init; } = new Dictionary<string, DatagramModel>();

    /// <summary>Interfaces that the host has already, by name.</summary>
    public IReadOnlyDictionary<string, InterfaceModel> Interfaces { get; init; } = new Dictionary<string, InterfaceModel>();

    /// <summary>Bonds by name.</summary>
    public IReadOnlyDictionary<string, BondModel> Bonds { get; init; } = new Dictionary<string, BondModel>();

    /// <summary>VXLAN segments by name.</summary>
    public IReadOnlyDictionary<string, OverlayModel> Overlays { get; init; } = new Dictionary<string, OverlayModel>();

    /// <summary>Disks by name.</summary>
    public required IReadOnlyDictionary<string, DiskModel> Disks { get; init; }

    /// <summary>Virtual machines by name, in the file's order.</summary>
    public required IReadOnlyDictionary<string, VmModel> Vms { get; init; }

    /// <summary>End points inside the daemon by name, in the file's order.</summary>
    public IReadOnlyDictionary<string, HostModel> Hosts { get; init; } = new Dictionary<string, HostModel>();

    /// <summary>Test steps in the file's order.</summary>
    public required IReadOnlyList<TestStep> Tests { get; init; }

    /// <summary>Most bytes that the topology's own disk files may take on the host together, or null for no limit.</summary>
    public long? PoolLimit { get; init; }

    /// <summary>A switch, and those that links join to it.</summary>
    /// <param name="name">Name of the switch.</param>
    public HashSet<string> SwitchesJoinedTo(string name) => LinkModel.Spread(name, Links.Where(link => Switches.ContainsKey(link.A) && Switches.ContainsKey(link.B)));

    /// <summary>Longest packet in bytes at what something is plugged into.</summary>
    /// <param name="to">A switch, a bond, or an interface of a router such as <c>r1.lan</c>.</param>
    public int MtuAt(string to)
    {
        ArgumentNullException.ThrowIfNull(to);
        if (Bonds.TryGetValue(to, out BondModel? bond))
            return MtuAt(bond.To);
        return Switches.TryGetValue(to, out SwitchModel? at) ? at.Mtu : Routers[LinkModel.NodeOf(to)].Interfaces.Values.First(item => item.FullName == to).Mtu;
    }
}
