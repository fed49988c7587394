using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fabric.Daemon.Control;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric routes</c>, <c>neighbors</c>, <c>arp</c>, <c>rip</c> and <c>leases</c>: what routers know, once or again and again.</summary>
internal static class RouterCommands
{
    private const string NoNeighbor = "no station is known; routers ask for one when they first send to it";

    public static IEnumerable<Command> CreateAll(Terminal terminal) =>
    [
        CreateRoutes(terminal),
        CreateNeighbors(terminal, "neighbors", "Show the stations that routers know on their links, IPv4 and IPv6, with state", _ => true),
        CreateNeighbors(terminal, "arp", "Show the IPv4 stations that routers know on their links (ARP)", entry => !entry.Address.Contains(':', StringComparison.Ordinal)),
        CreateRip(terminal),
        CreateLeases(terminal),
    ];

    private static Command CreateRoutes(Terminal terminal)
    {
        Argument<string?> router = RouterArgument();
        Option<string?> towards = new("--to") { Description = "Show only the route that a packet to this address takes" };
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> watch = WatchOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("routes", "Show the routes that routers know; * marks those in use") { router, towards, topology, watch, json };
        command.SetAction(async (parsed, cancel) =>
        {
            string? address = parsed.GetValue(towards);
            IPAddress? target = null;
            if (address is not null && !IPAddress.TryParse(address, out target))
                throw new CliException($"'{address}' is no address; write it like 10.2.0.5 or fd02::5");
            string? name = parsed.GetValue(router);
            using ControlClient client = await Target.FindRouterAsync(parsed.GetValue(topology), name, cancel);
            return await new Watched(terminal).RunAsync(
                parsed.GetValue(watch),
                parsed.GetValue(json),
                async token =>
                {
                    IReadOnlyList<RouteStatus> routes = await client.RoutesAsync(name, token);
                    return target is null ? routes : RouteTableView.Towards(routes, target);
                },
                ToJson(form => form.IReadOnlyListRouteStatus),
                RouteTableView.Tables,
                target is null ? "no route is known" : $"there is no way to {target}",
                cancel);
        });
        return command.WithExamples(
            "fabric routes r1",
            "fabric routes r1 --to 10.2.0.5",
            "fabric routes r1 --watch",
            "fabric routes --json | jq -r '.[] | select(.selected) | [.router, .prefix, .source] | @tsv'");
    }

    private static Command CreateNeighbors(Terminal terminal, string word, string help, Func<NeighborStatus, bool> isShown)
    {
        Argument<string?> router = RouterArgument();
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> watch = WatchOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new(word, help) { router, topology, watch, json };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(router);
            using ControlClient client = await Target.FindRouterAsync(parsed.GetValue(topology), name, cancel);
            return await new Watched(terminal).RunAsync(
                parsed.GetValue(watch),
                parsed.GetValue(json),
                async token => (IReadOnlyList<NeighborStatus>)[.. (await client.NeighborsAsync(name, token)).Where(isShown)],
                ToJson(form => form.IReadOnlyListNeighborStatus),
                entries => [[["INTERFACE", "ADDRESS", "MAC", "STATE"], .. entries.Select(Row)]],
                NoNeighbor,
                cancel);
        });
        return command.WithExamples($"fabric {word} r1", $"fabric {word} r1 --watch", $"fabric {word} --json | jq -r '.[] | [.interface, .address, .mac] | @tsv'");
    }

    private static IReadOnlyList<string> Row(NeighborStatus entry) => [entry.Interface, entry.Address, entry.Mac ?? "-", entry.State];

    private static Command CreateRip(Terminal terminal)
    {
        Argument<string?> router = RouterArgument();
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> watch = WatchOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("rip", "Show how RIP and RIPng stand: interfaces, neighbours, their own table with times, and what they refused") { router, topology, watch, json };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(router);
            using ControlClient client = await Target.FindRouterAsync(parsed.GetValue(topology), name, cancel);
            return await new Watched(terminal).RunAsync(
                parsed.GetValue(watch),
                parsed.GetValue(json),
                token => client.RipAsync(name, token),
                ToJson(form => form.IReadOnlyListRipReport),
                RipTableView.Tables,
                name is null ? "no router speaks RIP; give one 'rip:' in the topology file" : $"{name} does not speak RIP; give it 'rip:' in the topology file",
                cancel);
        });
        return command.WithExamples("fabric rip r1", "fabric rip r1 --watch", "fabric rip --json | jq '.[].routes[] | select(.metric == 16)'");
    }

    private static Command CreateLeases(Terminal terminal)
    {
        Argument<string?> router = RouterArgument();
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<bool> watch = WatchOption();
        Option<bool> json = CommandExtensions.JsonOption();
        Command command = new("leases", "Show the addresses that routers have given out by DHCP") { router, topology, watch, json };
        command.SetAction(async (parsed, cancel) =>
        {
            string? name = parsed.GetValue(router);
            using ControlClient client = await Target.FindRouterAsync(parsed.GetValue(topology), name, cancel);
            return await new Watched(terminal).RunAsync(
                parsed.GetValue(watch),
                parsed.GetValue(json),
                token => client.LeasesAsync(name, token),
                ToJson(form => form.IReadOnlyListLeaseStatus),
                leases => [[["ROUTER", "ADDRESS", "MAC", "NAME", "STATE", "TIME LEFT"], .. leases.Select(Row)]],
                "no address is given out",
                cancel);
        });
        return command.WithExamples("fabric leases", "fabric leases r1 --json | jq -r '.[] | [.address, .mac] | @tsv'");
    }

    private static IReadOnlyList<string> Row(LeaseStatus lease) =>
        [lease.Router, lease.Address, lease.Mac, lease.HostName ?? "-", lease.State, RouteTableView.Age((long)lease.RemainingSeconds)];

    private static Func<T, bool, string> ToJson<T>(Func<ControlJson, JsonTypeInfo<T>> type) =>
        (item, isIndented) => JsonSerializer.Serialize(item, type(isIndented ? ControlJson.Indented : ControlJson.Compact));

    private static Argument<string?> RouterArgument() => new("ROUTER") { Description = "Name of the router (default: all)", Arity = ArgumentArity.ZeroOrOne };

    private static Option<bool> WatchOption() => new("--watch", "-w") { Description = "Go on until Ctrl-C, every second" };
}
