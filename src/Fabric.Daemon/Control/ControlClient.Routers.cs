namespace Fabric.Daemon.Control;

public sealed partial class ControlClient
{
    /// <summary>Asks which routes the routers know.</summary>
    /// <param name="router">One router, or null for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">There is no such router, or no daemon answers.</exception>
    public Task<IReadOnlyList<RouteStatus>> RoutesAsync(string? router, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, Of("v1/routes", router), ControlJson.Compact.IReadOnlyListRouteStatus, cancel);

    /// <summary>Asks which stations the routers know on their links, of both families.</summary>
    /// <param name="router">One router, or null for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">There is no such router, or no daemon answers.</exception>
    public Task<IReadOnlyList<NeighborStatus>> NeighborsAsync(string? router, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, Of("v1/neighbors", router), ControlJson.Compact.IReadOnlyListNeighborStatus, cancel);

    /// <summary>Asks how RIP and RIPng stand.</summary>
    /// <param name="router">One router, or null for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">There is no such router, or no daemon answers.</exception>
    public Task<IReadOnlyList<RipReport>> RipAsync(string? router, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, Of("v1/rip", router), ControlJson.Compact.IReadOnlyListRipReport, cancel);

    /// <summary>Asks which addresses the routers have given out by DHCP.</summary>
    /// <param name="router">One router, or null for all.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">There is no such router, or no daemon answers.</exception>
    public Task<IReadOnlyList<LeaseStatus>> LeasesAsync(string? router, CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, Of("v1/leases", router), ControlJson.Compact.IReadOnlyListLeaseStatus, cancel);

    /// <summary>Asks what the routers and their ports have done.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">No daemon answers.</exception>
    public Task<IReadOnlyList<RouterStatistics>> RouterStatisticsAsync(CancellationToken cancel) =>
        SendAsync(HttpMethod.Get, "v1/stats/routers", ControlJson.Compact.IReadOnlyListRouterStatistics, cancel);

    private static string Of(string path, string? router) => router is null ? path : $"{path}?router={Uri.EscapeDataString(router)}";
}
