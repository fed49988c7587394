using System.Net;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <content>Looking at the routers.</content>
public sealed partial class RunningTopology
{
    /// <summary>Tells which routes routers know, those in use marked.</summary>
    /// <param name="router">One router, or null for all.</param>
    /// <exception cref="DaemonException">There is no such router.</exception>
    public IReadOnlyList<RouteStatus> Routes(string? router) => [.. FindRouters(router).SelectMany(item => item.Routes())];

    /// <summary>Tells which stations routers know on their links.</summary>
    /// <param name="router">One router, or null for all.</param>
    /// <exception cref="DaemonException">There is no such router.</exception>
    public IReadOnlyList<NeighborStatus> Neighbors(string? router) => [.. FindRouters(router).SelectMany(item => item.Neighbors())];

    /// <summary>Tells how RIP and RIPng stand, for each router that speaks them.</summary>
    /// <param name="router">One router, or null for all.</param>
    /// <exception cref="DaemonException">There is no such router.</exception>
    public IReadOnlyList<RipReport> Rip(string? router) => [.. FindRouters(router).SelectMany(item => item.Rip())];

    /// <summary>Tells which addresses routers have given out by DHCP.</summary>
    /// <param name="router">One router, or null for all.</param>
    /// <exception cref="DaemonException">There is no such router.</exception>
    public IReadOnlyList<LeaseStatus> Leases(string? router) => [.. FindRouters(router).SelectMany(item => item.Leases())];

    /// <summary>Tells what routers and their ports have done.</summary>
    public IReadOnlyList<RouterStatistics> RouterStatistics()
    {
        double seconds = _time.GetElapsedTime(_started).TotalSeconds;
        return [.. FindRouters(null).Select(item => item.Statistics(seconds))];
    }

    /// <summary>The address and prefix length that one of the routers here has given a NIC; null without one.</summary>
    private string? LeaseOf(NicModel nic) =>
        nic.UseDhcp && _wiring is { } wiring ? wiring.Routers.Values.Select(router => router.FindLease(PortPlan.AddressOf(nic.Mac))).FirstOrDefault(lease => lease is not null)?.ToString() : null;

    private IEnumerable<RunningRouter> FindRouters(string? name)
    {
        if (name is not null && !Model.Routers.ContainsKey(name))
        {
            string? near = NearestName.Find(name, Model.Routers.Keys);
            string hint = near is not null ? $"did you mean {near}?" : Model.Routers.Count == 0 ? "it has none" : $"it has {string.Join(", ", Model.Routers.Keys)}";
            throw new DaemonException($"topology {Model.Name} has no router '{name}'; {hint}") { StatusCode = 404 };
        }

        IReadOnlyDictionary<string, RunningRouter> routers = _wiring?.Routers ?? throw new DaemonException($"topology {Model.Name} is not that far yet, or already down");
        return name is null ? Model.Routers.Keys.Select(key => routers[key]) : [routers[name]];
    }

    /// <summary>The address to reach a router at: one at a host's own place, else the router's own, else its first.</summary>
    private static IPAddress? AddressOf(TopologyModel model, string router, string host)
    {
        RouterModel found = model.Routers[router];
        string to = model.Hosts[host].To;
        IEnumerable<RouterInterfaceModel> near = found.Interfaces.Values
            .Where(item => item.FullName == to || model.Links.Any(link => (link.A == item.FullName && link.B == to) || (link.B == item.FullName && link.A == to)));
        return near.SelectMany(item => item.Addresses).Concat(found.Loopback).Concat(found.Interfaces.Values.SelectMany(item => item.Addresses)).Select(own => own.Address).FirstOrDefault();
    }
}
