using System.Globalization;

namespace Fabric.SideBySide;

/// <summary>Two namespaces and a router between them: one of a topology over TAPs, and the Linux kernel in a third namespace over veth
/// pairs.</summary>
internal static class RouteComparison
{
    public const string Help = "[--rounds N] [--seconds N]: a router between two namespaces: TCP, UDP of 64 bytes, ping (root; iperf3, ping)";

    private const string Middle = "fabric-bench-r";
    private const string AddressA = "10.8.1.2";
    private const string AddressB = "10.8.2.2";
    private const string RouterA = "10.8.1.1";
    private const string RouterB = "10.8.2.1";

    public static int Run(Arguments arguments)
    {
        string seconds = arguments.Number("seconds", 4).ToString(CultureInfo.InvariantCulture);
        int rounds = arguments.Number("rounds", 5);
        Contestant[] With(Func<Dictionary<string, double>> measure) =>
        [
            new("fabric", () => Spaces.Between(Fabric, AddressB, measure)),
            new("kernel", () => Spaces.Between(Kernel, AddressB, measure)),
        ];
        Comparison.Run("TCP through a router", "Gbit/s", true, rounds, With(() => new() { ["tcp"] = Spaces.Tcp(AddressA, seconds) }));
        Comparison.Run("UDP of 64 bytes through a router", "thousands received a second", true, rounds, With(() => new() { ["udp 64"] = Spaces.Udp(AddressA, seconds) }));
        Comparison.Run("ping through a router", "milliseconds", false, rounds, With(() => new() { ["round trip"] = Spaces.Ping(AddressA) }));
        return 0;
    }

    private static Action Fabric()
    {
        string file = Path.Combine(Path.GetTempPath(), $"fabric-route-{Guid.NewGuid():N}.yaml");
        File.WriteAllText(
            file,
            $$"""
            name: route-comparison
            routers:
              r: { interfaces: { a: { address: {{RouterA}}/24 }, b: { address: {{RouterB}}/24 } } }
            taps:
              fba: { to: r.a, netns: {{Spaces.A}}, address: {{AddressA}}/24 }
              fbb: { to: r.b, netns: {{Spaces.B}}, address: {{AddressB}}/24 }
            """);
        Action end = Spaces.Serve("Ctrl-C", Tool.Fabric, "up", file, "--foreground");
        SetGateways();
        return () =>
        {
            end();
            File.Delete(file);
        };
    }

    private static Action Kernel()
    {
        Tool.Run("ip", "netns", "add", Middle);
        foreach ((string name, string space, string address, string gateway) in ((string, string, string, string)[])[("fbva", Spaces.A, AddressA, RouterA), ("fbvb", Spaces.B, AddressB, RouterB)])
        {
            Tool.Run("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p");
            Spaces.Move(name + "p", Middle, gateway + "/24");
            Spaces.Move(name, space, address + "/24");
        }

        Tool.Run("ip", "netns", "exec", Middle, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        SetGateways();
        return () => Tool.Run("ip", "netns", "del", Middle);
    }

    private static void SetGateways()
    {
        Tool.Run("ip", "-n", Spaces.A, "route", "add", "default", "via", RouterA);
        Tool.Run("ip", "-n", Spaces.B, "route", "add", "default", "via", RouterB);
    }
}
