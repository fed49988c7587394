using System.Globalization;

namespace Fabric.SideBySide;

/// <summary>Two namespaces and a switch between them: <c>fabric serve net</c> and <c>vde_switch</c> over TAPs, the Linux bridge over veth
/// pairs. The host's own stacks are the ends.</summary>
internal static class TapComparison
{
    public const string Help = "[--rounds N] [--seconds N]: a switch between two namespaces: TCP, UDP of 64 bytes, ping (root; iperf3, ping, vde2)";

    private const string AddressA = "10.9.0.1";
    private const string AddressB = "10.9.0.2";

    public static int Run(Arguments arguments)
    {
        string seconds = arguments.Number("seconds", 4).ToString(CultureInfo.InvariantCulture);
        int rounds = arguments.Number("rounds", 5);
        (string Name, Func<Action> Build)[] switches = [("fabric", Fabric), ("bridge", Bridge), ("vde", Vde)];
        Contestant[] With(Func<Dictionary<string, double>> measure) => [.. switches.Select(one => new Contestant(one.Name, () => Spaces.Between(one.Build, AddressB, measure)))];
        Comparison.Run("TCP between two namespaces", "Gbit/s", true, rounds, With(() => new() { ["tcp"] = Spaces.Tcp(AddressA, seconds) }));
        Comparison.Run("UDP of 64 bytes between two namespaces", "thousands received a second", true, rounds, With(() => new() { ["udp 64"] = Spaces.Udp(AddressA, seconds) }));
        Comparison.Run("ping between two namespaces", "milliseconds", false, rounds, With(() => new() { ["round trip"] = Spaces.Ping(AddressA) }));
        return 0;
    }

    private static Action Fabric() => Spaces.Serve(
        "\"ready\"", Tool.Fabric, "serve", "net", "--json", "--tap", $"fba,netns={Spaces.A},address={AddressA}/24", "--tap", $"fbb,netns={Spaces.B},address={AddressB}/24");

    private static Action Vde()
    {
        string folder = Directory.CreateTempSubdirectory("fabric-vde-").FullName;
        string pidFile = Path.Combine(folder, "pid");
        // As a daemon: in the foreground it ends with its console.
        Tool.Run("vde_switch", "-d", "-p", pidFile, "-s", Path.Combine(folder, "s"), "-t", "vda", "-t", "vdb");
        SpinWait.SpinUntil(() => File.Exists("/sys/class/net/vdb/address") && File.Exists(pidFile));
        Spaces.Move("vda", Spaces.A, AddressA + "/24");
        Spaces.Move("vdb", Spaces.B, AddressB + "/24");
        return () =>
        {
            string id = File.ReadAllText(pidFile).Trim();
            Tool.Run("kill", "-TERM", id);
            SpinWait.SpinUntil(() => !Directory.Exists("/proc/" + id));
            Directory.Delete(folder, recursive: true);
        };
    }

    private static Action Bridge()
    {
        Tool.Run("ip", "link", "add", "fbbridge", "type", "bridge");
        foreach ((string name, string space, string address) in ((string, string, string)[])[("fbva", Spaces.A, AddressA), ("fbvb", Spaces.B, AddressB)])
        {
            Tool.Run("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p");
            Tool.Run("ip", "link", "set", name + "p", "master", "fbbridge", "up");
            Spaces.Move(name, space, address + "/24");
        }

        Tool.Run("ip", "link", "set", "fbbridge", "up");
        return () =>
        {
            Tool.Run("ip", "link", "del", "fbbridge");
            Tool.Run("ip", "link", "del", "fbvap");
            Tool.Run("ip", "link", "del", "fbvbp");
        };
    }
}
