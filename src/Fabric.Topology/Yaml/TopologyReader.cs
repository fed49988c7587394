using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using YamlDotNet.RepresentationModel;
using static Fabric.Topology.Yaml.YamlSection;

namespace Fabric.Topology.Yaml;

/// <summary>The third gate: turns a file of the right form into a model whose every name and address holds together.</summary>
/// <param name="root">The file.</param>
/// <param name="errors">Takes the faults.</param>
/// <param name="sourcePath">Absolute path of the file.</param>
internal sealed partial class TopologyReader(YamlSection root, ErrorList errors, string sourcePath)
{
    private const long MinMemory = 32L << 20;
    private const long MaxMemory = 1L << 40;
    private const long MemoryGranule = 2L << 20;
    private const long MaxDiskSize = 64L << 40;
    private const long MinBytesPerSecond = 64 << 10;
    private const long MinCache = 1 << 20;
    private const long MaxCache = 64L << 30;
    private const long MinPool = 1 << 20;

    private readonly Dictionary<string, ImageModel> _images = [];
    private readonly Dictionary<string, SwitchModel> _switches = [];
    private readonly Dictionary<string, DiskModel> _disks = [];
    private readonly Dictionary<string, VmModel> _vms = [];
    private readonly Dictionary<string, string> _diskUsers = [];
    private readonly Dictionary<PhysicalAddress, string> _macs = [];
    private readonly Dictionary<(string Switch, IPAddress Address), string> _addresses = [];
    private string _name = "";

    internal TopologyModel Read()
    {
        _name = ReadName();
        foreach ((string name, YamlSection section) in root.ChildrenByName("images"))
            _images[name] = ReadImage(name, section);
        foreach ((string name, YamlSection section) in root.ChildrenByName("switches"))
            _switches[name] = ReadSwitch(name, section);
        foreach ((string name, YamlSection section) in root.ChildrenByName("acls"))
            _accessLists[name] = ReadAccessList(name, section);
        foreach ((string name, YamlSection section) in root.ChildrenByName("prefix-lists"))
            _prefixLists[name] = ReadPrefixList(name, section);
        ReadSites();
        FindSiteCables();
        foreach ((string name, YamlSection section) in root.ChildrenByName("overlays"))
            ReadOverlay(name, section);
        ReadInterfaces();
        foreach (YamlSection section in root.Children("links"))
            ReadLink(section);
        ReadInterfaceAddresses();
        ReadBonds();
        foreach ((string name, YamlSection section) in root.ChildrenByName("taps"))
            _taps[name] = ReadTap(name, section);
        foreach ((string name, YamlSection section) in root.ChildrenByName("streams"))
            ReadStream(name, section);
        ReadOutside();
        foreach ((string name, YamlSection section) in root.ChildrenByName("disks"))
            _disks[name] = ReadDisk(name, section);
        foreach ((string name, YamlSection section) in root.ChildrenByName("vms"))
            _vms[name] = ReadVm(name, section);
        foreach ((string name, YamlSection section) in root.ChildrenByName("hosts"))
            _hosts[name] = ReadHost(name, section);
        ReadTraffic();
        CheckMirrors();
        CheckPlugs();
        CheckSites();
        CheckUnderlays();
        OrderedDictionary<string, RouterModel> routers = new(_routers.Values.Select(router => KeyValuePair.Create(router.Name, ReadRouter(router))));
        NoteLeases(routers.Values);
        return new TopologyModel
        {
            Name = _name,
            SourcePath = sourcePath,
            Images = _images,
            Switches = _switches,
            Routers = routers,
            PrefixLists = _prefixLists,
            AccessLists = _accessLists,
            Links = _links,
            Taps = _taps,
            Streams = _streams,
            Datagrams = _datagrams,
            Interfaces = _interfaces,
            Bonds = _bonds.ToDictionary(bond => bond.Key, bond => bond.Value.Model with { Members = bond.Value.Members }),
            Sites = _sites,
            Cables = MakeCables(),
            Overlays = _overlays,
            Disks = _disks,
            Vms = _vms,
            Hosts = _hosts,
            PoolLimit = ReadPool(),
            Tests = [.. root.Children("tests").Select(ReadTest).OfType<TestStep>()],
        };
    }

    private string ReadName()
    {
        if (root.Text("name") is not { } name)
        {
            string fromFile = string.Concat(Path.GetFileNameWithoutExtension(sourcePath).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');
            return fromFile.Length switch { 0 => "topology", > 32 => fromFile[..32], _ => fromFile };
        }

        if (!NameRule.IsMatch(name))
            errors.Add(root.At("name"), $"'{name}' is no name: {NameRule.Text}");
        return name;
    }

    private ImageModel ReadImage(string name, YamlSection section)
    {
        ImageModel image = new(name, section.Choice("pull"), section.PathOf("kernel"), section.PathOf("initrd"), section.Text("cmdline"));
        if (!section.Has("pull") && !section.Has("kernel"))
            errors.Add(section.Node, $"image '{name}' has neither 'pull:' nor 'kernel:', so nothing to boot; try 'pull: debian-riscv64'");
        return image;
    }

    private DiskModel ReadDisk(string name, YamlSection section)
    {
        string? written = section.Text("base");
        string? baseImage = null;
        string? baseFile = null;
        string? baseFormat = section.Choice("base-format");
        if (written != null && _images.TryGetValue(written, out ImageModel? image))
        {
            baseImage = written;
            if (image.Catalogue == null)
                errors.Add(section.At("base"), $"image '{written}' has no base disk: only images with 'pull:' bring one");
            if (baseFormat != null)
                errors.Add(section.At("base-format"), $"'base-format:' goes with a path; the format of image '{written}' is known");
        }
        else if (written != null)
        {
            baseFile = ReadBaseFile(section, written, baseFormat);
        }

        DiskModel disk = new(name, section.PathOf("file"), section.Choice("format") ?? "qcow2", baseImage, baseFile, baseFormat,
            section.Size("size"), section.Boolean("readonly") ?? false)
        {
            Throttle = section.Child("throttle") is { } throttle ? ReadThrottle(throttle) : null,
            CacheBytes = section.Size("cache"),
            CopyOnRead = section.Boolean("copy-on-read") ?? false,
            Faults = section.Has("faults") ? section.Children("faults").Select(ReadFault).ToArray() : [],
        };
        CheckDisk(disk, section, hasBase: written != null);
        CheckLayers(disk, section, hasBase: written != null);
        return disk;
    }

    private ThrottleModel ReadThrottle(YamlSection section)
    {
        if (!section.Has("iops") && !section.Has("bytes-per-second"))
            errors.Add(section.Node, "a throttle needs 'iops:' or 'bytes-per-second:'");
        foreach ((string burst, string rate) in new[] { ("iops-burst", "iops"), ("bytes-burst", "bytes-per-second") })
        {
            if (section.Has(burst) && !section.Has(rate))
                errors.Add(section.At(burst), $"'{burst}:' goes with '{rate}:'");
        }

        long bytes = section.Size("bytes-per-second") ?? 0;
        if (bytes is > 0 and < MinBytesPerSecond)
            errors.Add(section.At("bytes-per-second"), $"'bytes-per-second:' is at least {ByteSize.Format(MinBytesPerSecond)}: a guest gives up on requests that take minutes");
        return new ThrottleModel(section.Integer("iops") ?? 0, section.Integer("iops-burst") ?? 0, bytes, section.Size("bytes-burst") ?? 0);
    }

    private DiskFaultModel ReadFault(YamlSection section)
    {
        DiskFaultModel fault = new(section.Choice("on") ?? "all", section.Integer("every") ?? 1, section.Choice("answer") ?? "io-error", section.Duration("delay") ?? TimeSpan.Zero);
        if (fault is { Answer: "ok", Delay.Ticks: 0 } && !section.Has("delay"))
            errors.Add(section.Node, "a fault that answers 'ok' needs a 'delay:'");
        return fault;
    }

    private void CheckLayers(DiskModel disk, YamlSection section, bool hasBase)
    {
        if (disk.CopyOnRead && (!hasBase || disk.Format != "qcow2"))
            errors.Add(section.At("copy-on-read"), "'copy-on-read:' is for a qcow2 disk with a 'base:': only there is something to copy");
        if (disk.CopyOnRead && disk.IsReadOnly)
            errors.Add(section.At("copy-on-read"), "'copy-on-read:' writes to the disk; leave out 'readonly:' or this");
        if (disk.CacheBytes is < MinCache or > MaxCache)
            errors.Add(section.At("cache"), $"'cache:' is from {ByteSize.Format(MinCache)} to {ByteSize.Format(MaxCache)}");
    }

    private long? ReadPool()
    {
        if (root.Child("pool") is not { } pool)
            return null;
        long? limit = pool.Size("limit");
        if (limit is < MinPool)
            errors.Add(pool.At("limit"), $"'limit:' is at least {ByteSize.Format(MinPool)}");
        return limit;
    }

    private string? ReadBaseFile(YamlSection section, string written, string? baseFormat)
    {
        if (!written.Contains('/', StringComparison.Ordinal) && !written.Contains('.', StringComparison.Ordinal))
        {
            errors.Add(section.At("base"), $"there is no image '{written}'{DidYouMean(written, _images.Keys)} (a path has a '/' or a '.')");
            return null;
        }

        if (baseFormat == null && !section.Has("base-format"))
            errors.Add(section.At("base"), "a base given as a path needs 'base-format: qcow2' or 'base-format: raw' (or vhdx, vhd, vmdk): formats are never guessed");
        return section.Resolve(written);
    }

    private void CheckDisk(DiskModel disk, YamlSection section, bool hasBase)
    {
        if (hasBase && disk.Format == "raw")
            errors.Add(section.At("format"), "a raw disk cannot have a base; leave 'format:' out for a qcow2 overlay");
        if (disk.File == null && !hasBase && disk.Size == null && !section.Has("size"))
            errors.Add(section.Node, $"disk '{disk.Name}' has no 'file:', 'base:' or 'size:'; an empty disk needs 'size: 8GiB'");
        if (disk.Size is > MaxDiskSize)
            errors.Add(section.At("size"), $"a disk may have at most {ByteSize.Format(MaxDiskSize)}");
        if (disk.Size % 512 is > 0)
            errors.Add(section.At("size"), "the size of a disk is a multiple of 512 bytes");
    }

    private VmModel ReadVm(string name, YamlSection section)
    {
        VmModel vm = new()
        {
            Name = name,
            Image = Refer(section, "image", _images.Keys, "image"),
            Kernel = section.PathOf("kernel"),
            Initrd = section.PathOf("initrd"),
            Cmdline = section.Text("cmdline"),
            Firmware = section.PathOf("firmware"),
            Cpus = section.Integer("cpus") ?? 1,
            MemoryBytes = ReadMemory(section),
            Disks = [.. section.Names("disks").Select(disk => ReadVmDisk(name, disk.Name, disk.Node))],
            Nics = [.. section.Children("nics").Select((nic, index) => ReadNic(name, nic, index))],
        };
        if (!section.Has("image") && !section.Has("kernel") && !section.Has("firmware"))
            errors.Add(section.Node, $"vm '{name}' has nothing to boot: give it 'image:', 'kernel:' or 'firmware:'");
        return vm;
    }

    private long ReadMemory(YamlSection section)
    {
        long memory = section.Size("memory") ?? 512L << 20;
        if (memory is < MinMemory or > MaxMemory || memory % MemoryGranule != 0)
            errors.Add(section.At("memory"), $"'memory:' is a multiple of 2 MiB from {ByteSize.Format(MinMemory)} to {ByteSize.Format(MaxMemory)}");
        return memory;
    }

    private string ReadVmDisk(string vm, string disk, YamlNode node)
    {
        if (!_disks.TryGetValue(disk, out DiskModel? model))
            errors.Add(node, $"there is no disk '{disk}'{DidYouMean(disk, _disks.Keys)}");
        else if (!_diskUsers.TryAdd(disk, vm) && !model.IsReadOnly)
            errors.Add(node, $"disk '{disk}' is already a disk of vm '{_diskUsers[disk]}'; only a 'readonly: true' disk can be shared");
        return disk;
    }

    private NicModel ReadNic(string vm, YamlSection section, int index)
    {
        string? to = ReadPlace(section, $"vm '{vm}'");
        PhysicalAddress mac = section.Mac("mac") ?? AddressPlan.DeriveMac(_name, vm, index);
        if (!_macs.TryAdd(mac, vm))
            errors.Add(section.At("mac"), $"the Ethernet address {AddressPlan.Format(mac)} is taken by a NIC of vm '{_macs[mac]}'");
        (IPAddress Address, int PrefixLength)? first = ReadNicAddress(vm, section, "address", to);
        (IPAddress Address, int PrefixLength)? second = ReadNicAddress(vm, section, "address6", to);
        if (second is { } six)
            IsOfFamily(section, "address6", six.Address, AddressFamily.InterNetworkV6);
        (IPAddress Address, int PrefixLength)[] own = [.. new[] { first, second }.OfType<(IPAddress, int)>()];
        CheckDynamic(section, first?.Address);
        return new NicModel(to ?? "", mac, first?.Address, first?.PrefixLength ?? 0)
        {
            Address6 = second,
            Gateway = ReadGateway(section, "gateway", to, AddressFamily.InterNetwork, own),
            GatewayV6 = ReadGateway(section, "gateway6", to, AddressFamily.InterNetworkV6, own),
            UseDhcp = section.Boolean("dhcp") ?? false,
            Autoconfigure = section.Boolean("autoconfigure") ?? false,
            Port = ReadPort(section),
            Offloads = section.Choice("offloads") ?? "all",
        };
    }

    private (IPAddress Address, int PrefixLength)? ReadNicAddress(string vm, YamlSection section, string key, string? to) =>
        section.Address(key) is not { } written ? null : (written.Address, to == null ? written.PrefixLength : CheckAddress($"vm '{vm}'", section.At(key), to, written.Address, written.PrefixLength));

    /// <summary>Checks an address against its place.</summary>
    /// <param name="owner">Whose it is, for messages.</param>
    /// <param name="at">Where it is written.</param>
    /// <param name="to">Switch or router's interface that the owner is plugged into, or the interface itself.</param>
    /// <param name="address">The address.</param>
    /// <param name="prefixLength">Its prefix length; negative when none is written.</param>
    /// <returns>The prefix length, where one is known.</returns>
    private int CheckAddress(string owner, YamlNode at, string to, IPAddress address, int prefixLength)
    {
        string segment = SegmentOf(to);
        IPNetwork? subnet = _switches.GetValueOrDefault(segment)?.Subnet is { } declared && declared.BaseAddress.AddressFamily == address.AddressFamily ? declared : null;
        if (prefixLength < 0 && subnet is { } known)
            prefixLength = known.PrefixLength;
        if (prefixLength < 0)
            errors.Add(at, $"address {address} lacks its prefix length; write it like {address}/{(address.GetAddressBytes().Length == 4 ? 24 : 64)}{(_switches.ContainsKey(segment) ? $", or give switch '{segment}' a 'subnet:'" : "")}");
        else if (subnet is { } network && !address.IsIPv6LinkLocal && (!network.Contains(address) || prefixLength != network.PrefixLength))
            errors.Add(at, $"address {address}/{prefixLength} is outside the subnet {network} of switch '{segment}'");
        else if (AddressPlan.IsNetworkOrBroadcast(address, prefixLength))
            errors.Add(at, $"{address} is the network or broadcast address of {AddressPlan.NetworkOf(address, prefixLength)}, which no host can have");
        if (!_addresses.TryAdd((segment, address), owner))
            errors.Add(at, $"address {address} is taken by {_addresses[(segment, address)]} {(_switches.ContainsKey(segment) ? $"on switch '{segment}'" : $"at {segment}")}");
        return prefixLength;
    }

    private TestStep? ReadTest(YamlSection section)
    {
        string? title = section.Text("name");
        string[] kinds = ["ping", "exec", "restart", "link", "route"];
        if (kinds.Count(section.Has) != 1)
        {
            errors.Add(section.Node, $"a test step holds exactly one of {string.Join(", ", kinds)}");
            return null;
        }

        if (section.Child("ping") is { } ping)
            return ReadPing(title, ping);
        if (section.Child("exec") is { } exec)
            return ReadExec(title, exec);
        if (section.Child("link") is { } link)
            return ReadLinkStep(title, link);
        if (section.Child("route") is { } route)
            return ReadRouteStep(title, route);
        YamlSection restart = section.Child("restart")!;
        return Refer(restart, "vm", _vms.Keys, "vm") is { } vm ? new RestartStep(title ?? $"restart {vm}", section.Line, vm) : null;
    }

    private PingStep? ReadPing(string? title, YamlSection section)
    {
        string? from = Refer(section, "from", [.. _vms.Keys, .. _hosts.Keys], "vm or host");
        int count = section.Integer("count") ?? 3;
        bool isSilent = section.Choice("answer") == "none";
        if (section.Text("to") is not { } to || from == null)
            return null;
        bool isLater = IsKnownLater(to);
        IPAddress? address = IPAddress.TryParse(to, out IPAddress? literal) ? literal : isLater ? null : AddressOf(section, from, to);
        return address == null && !isLater ? null : new PingStep(title ?? $"{from} {(isSilent ? "does not reach" : "pings")} {to}", section.Line, from, address, count)
        {
            Target = isLater ? to : null,
            IsFromHost = _hosts.ContainsKey(from),
            ExpectsSilence = isSilent,
            Within = section.Duration("within") ?? TimeSpan.Zero,
        };
    }

    /// <summary>The address to reach a machine or host at: one on a switch both are plugged into, or its first.</summary>
    private IPAddress? AddressOf(YamlSection section, string from, string to)
    {
        if (Refer(section, "to", [.. _vms.Keys, .. _hosts.Keys, .. _routers.Keys], _routers.Count == 0 ? "vm or host" : "vm, host or router") == null)
            return null;
        (string Place, IPAddress Address)[] theirs = [.. AddressesOf(to)];
        string[] ours = [.. PlacesOf(from)];
        IPAddress? best = theirs.FirstOrDefault(place => ours.Contains(place.Place), theirs.FirstOrDefault()).Address;
        if (best == null)
            errors.Add(section.At("to"), $"'{to}' has no 'address:', so there is nothing to ping; {(FormsAddresses(to) ? "what its guest forms by 'autoconfigure:' is not known here: " : "")}give it one, or name an address here");
        return best;
    }

    private ExecStep? ReadExec(string? title, YamlSection section)
    {
        string? vm = Refer(section, "vm", _vms.Keys, "vm");
        string? run = section.Text("run");
        string? expect = section.Text("expect");
        int status = section.Integer("status") ?? 0;
        TimeSpan timeout = section.Duration("timeout") ?? TimeSpan.FromSeconds(60);
        return vm == null || run == null ? null : new ExecStep(title ?? $"{vm}: {run.Trim()}", section.Line, vm, run, expect, status, timeout);
    }

    private string? Refer(YamlSection section, string key, IReadOnlyCollection<string> names, string what)
    {
        if (section.Text(key) is not { } name)
            return null;
        if (names.Contains(name))
            return name;
        string known = names.Count == 0 ? $"; the file declares no {what}" : $"; there is {string.Join(", ", names.Take(8))}";
        string nearest = DidYouMean(name, names);
        errors.Add(section.At(key), $"there is no {what} '{name}'{(nearest.Length > 0 ? nearest : known)}");
        return null;
    }
}
