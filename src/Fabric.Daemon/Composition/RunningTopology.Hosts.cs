using System.Net;
using Fabric.Daemon.Control;
using Fabric.Hosts;
using Fabric.Hosts.Messages;
using Fabric.Link;
using Fabric.Topology;
using Fabric.Wire;

namespace Fabric.Daemon.Composition;

/// <content>The hosts inside the daemon.</content>
public sealed partial class RunningTopology
{
    /// <summary>Least MTU a host can have, that of IPv6.</summary>
    private const int MinHostMtu = 1280;

    private const FrameOffloads AllOffloads = FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.Udp;
    private readonly OrderedDictionary<string, HostPort> _hosts = [];

    /// <summary>Finds a host.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="DaemonException">There is none; the message names the nearest.</exception>
    public Host FindHost(string name)
    {
        if (_hosts.TryGetValue(name, out HostPort? port))
            return port.Host;
        string? near = NearestName.Find(name, Model.Hosts.Keys);
        string hint = near is not null ? $"did you mean {near}?" : Model.Hosts.Count == 0 ? "it has none" : $"it has {string.Join(", ", Model.Hosts.Keys.Take(8))}";
        throw new DaemonException($"topology {Model.Name} has no host '{name}'; {hint}") { StatusCode = 404 };
    }

    /// <summary>Has a host ping.</summary>
    /// <param name="host">Its name.</param>
    /// <param name="request">Whom and how.</param>
    /// <exception cref="DaemonException">There is no such host, or nobody to ping.</exception>
    public Task<PingResult> PingAsync(string host, PingRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        PingOptions options = new() { Count = request.Count, Size = request.Size, Interval = TimeSpan.FromMilliseconds(request.IntervalMs) };
        return FindHost(host).PingAsync(Resolve(host, request.To), options);
    }

    private void PlugHosts(Wiring wiring)
    {
        foreach (HostModel model in Model.Hosts.Values)
        {
            HostPort port = new(OptionsOf(model), _time);
            _hosts.Add(model.Name, port);
            wiring.Plug(model, port);
            if (model.OffersSink)
                port.Host.OpenSink();
            _takeDown.Push(() =>
            {
                wiring.Unplug(model, port);
                port.Dispose();
                return ValueTask.CompletedTask;
            });
        }

        StartTraffic();
        if (_hosts.Count > 0)
            Events.Add(TopologyEventKind.Hosts, null, $"{_hosts.Count} {(_hosts.Count == 1 ? "answers" : "answer")}");
    }

    private Fabric.Hosts.HostOptions OptionsOf(HostModel model) => new()
    {
        Name = model.Name,
        Mac = MacAddress.Read(model.Mac.GetAddressBytes()),
        Addresses = [.. model.Addresses.Select(address => new IpPrefix(IpAddress.From(address.Address), address.PrefixLength))],
        Gateway = model.Gateway is null ? null : IpAddress.From(model.Gateway),
        GatewayV6 = model.GatewayV6 is null ? null : IpAddress.From(model.GatewayV6),
        Vlan = model.Tag,
        Mtu = Math.Max(Model.MtuAt(model.To), MinHostMtu),
        UseDhcp = model.UseDhcp,
        Autoconfigure = model.Autoconfigure,
        EchoServices = model.OffersEcho,
        Offloads = AllOffloads,
        Seed = MacAddress.Read(model.Mac.GetAddressBytes()).GetHashCode(),
    };

    private IpAddress Resolve(string from, string to)
    {
        if (IpAddress.TryParse(to, out IpAddress literal))
            return literal;
        IPAddress? address = null;
        if (_hosts.TryGetValue(to, out HostPort? port))
        {
            // What the host has now: its address may be DHCP's.
            HostAddress? own = port.Host.Addresses.FirstOrDefault(item => item.State == AddressState.Assigned && item.Origin != AddressOrigin.LinkLocal)
                ?? port.Host.Addresses.FirstOrDefault(item => item.State == AddressState.Assigned);
            address = own?.Address.ToIPAddress();
        }
        else if (Model.Whole.Hosts.TryGetValue(to, out HostModel? elsewhere))
        {
            address = elsewhere.Addresses.Select(own => own.Address).FirstOrDefault();
        }
        else if (Model.Whole.Vms.TryGetValue(to, out VmModel? vm))
        {
            (string To, IPAddress? Address)[] nics = [.. vm.Nics.Select(nic => (nic.To, AddressOf(nic))).Where(nic => nic.Item2 is not null)];
            address = nics.FirstOrDefault(nic => nic.To == Model.Hosts[from].To, nics.FirstOrDefault()).Address;
        }
        else if (Model.Whole.Routers.ContainsKey(to))
        {
            address = AddressOf(Model.Whole, to, from);
        }
        else
        {
            throw new DaemonException($"'{to}' is no address, and no host, VM or router of topology {Model.Name}") { StatusCode = 404 };
        }

        bool isLater = Model.Whole.Hosts.TryGetValue(to, out HostModel? host) ? host.UseDhcp || host.Autoconfigure : Model.Whole.Vms.TryGetValue(to, out VmModel? guest) && guest.Nics.Any(nic => nic.UseDhcp);
        if (address is null)
            throw new DaemonException(isLater ? $"'{to}' has no address yet; see: fabric status" : $"'{to}' has no address to ping; give it one in {Model.SourcePath}");
        return IpAddress.From(address);
    }

    // What it has by DHCP may differ from what is kept for it: another server can have been faster.
    private IPAddress? AddressOf(NicModel nic) => nic.Address ?? (LeaseOf(nic) is { } lease ? IPAddress.Parse(lease.Split('/')[0]) : nic.Lease ?? nic.Address6?.Address);

    private HostStatus Describe(KeyValuePair<string, HostPort> item)
    {
        Host host = item.Value.Host;
        return new HostStatus(
            item.Key,
            Model.Hosts[item.Key].To,
            $"{host.Mac}",
            [.. host.Addresses.Where(address => address.State == AddressState.Assigned && address.Origin != AddressOrigin.LinkLocal).Select(address => $"{address.Prefix}")],
            host.Counters.Received,
            host.Counters.Sent,
            host.Counters.AllDrops().ToDictionary(drop => $"{drop.Key}", drop => drop.Value))
        {
            Sink = Model.Hosts[item.Key].OffersSink ? SinkOf(host) : null,
        };
    }
}
