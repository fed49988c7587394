using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Fabric.SideBySide;

/// <summary>Two namespaces and a switch between them: <c>fabric serve net</c> and <c>vde_switch</c> over TAPs, the Linux bridge over veth
/// pairs. The host's own stacks are the ends.</summary>
internal static class TapComparison
{
    public const string Help = "[--rounds N] [--seconds N]: a switch between two namespaces: TCP, UDP of 64 bytes, ping (root; iperf3, ping, vde2)";

    private const string A = "fabric-bench-a";
    private const string B = "fabric-bench-b";
    private const string AddressA = "10.9.0.1";
    private const string AddressB = "10.9.0.2";

    public static int Run(Arguments arguments)
    {
        string seconds = arguments.Number("seconds", 4).ToString(CultureInfo.InvariantCulture);
        int rounds = arguments.Number("rounds", 5);
        (string Name, Func<Action> Build)[] switches = [("fabric", Fabric), ("bridge", Bridge), ("vde", Vde)];
        Contestant[] With(Func<Dictionary<string, double>> measure) => [.. switches.Select(one => new Contestant(one.Name, () => Between(one.Build, measure)))];
        Comparison.Run("TCP between two namespaces", "Gbit/s", true, rounds, With(() => new() { ["tcp"] = Tcp(seconds) }));
        Comparison.Run("UDP of 64 bytes between two namespaces", "thousands received a second", true, rounds, With(() => new() { ["udp 64"] = Udp(seconds) }));
        Comparison.Run("ping between two namespaces", "milliseconds", false, rounds, With(() => new() { ["round trip"] = Ping() }));
        return 0;
    }

    private static Dictionary<string, double> Between(Func<Action> build, Func<Dictionary<string, double>> measure)
    {
        Tool.Run("ip", "netns", "add", A);
        try
        {
            Tool.Run("ip", "netns", "add", B);
            try
            {
                Action end = build();
                try
                {
                    Tool.Run("ip", "netns", "exec", A, "ping", "-q", "-c", "3", "-i", "0.1", "-W", "5", AddressB);
                    return measure();
                }
                finally
                {
                    end();
                }
            }
            finally
            {
                Tool.Run("ip", "netns", "del", B);
            }
        }
        finally
        {
            Tool.Run("ip", "netns", "del", A);
        }
    }

    private static Action Fabric()
    {
        Process served = Tool.Start(Tool.Fabric, "serve", "net", "--json", "--tap", $"fba,netns={A},address={AddressA}/24", "--tap", $"fbb,netns={B},address={AddressB}/24");
        string? line;
        while ((line = served.StandardOutput.ReadLine()) is not null && !line.Contains("\"ready\"", StringComparison.Ordinal))
        {
        }

        if (line is null)
            throw new InvalidOperationException(served.StandardError.ReadToEnd());
        return () => Tool.End(served);
    }

    private static Action Vde()
    {
        string folder = Directory.CreateTempSubdirectory("fabric-vde-").FullName;
        string pidFile = Path.Combine(folder, "pid");
        // As a daemon: in the foreground it ends with its console.
        Tool.Run("vde_switch", "-d", "-p", pidFile, "-s", Path.Combine(folder, "s"), "-t", "vda", "-t", "vdb");
        SpinWait.SpinUntil(() => File.Exists("/sys/class/net/vdb/address") && File.Exists(pidFile));
        Move("vda", A, AddressA);
        Move("vdb", B, AddressB);
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
        foreach ((string name, string space, string address) in ((string, string, string)[])[("fbva", A, AddressA), ("fbvb", B, AddressB)])
        {
            Tool.Run("ip", "link", "add", name, "type", "veth", "peer", "name", name + "p");
            Tool.Run("ip", "link", "set", name + "p", "master", "fbbridge", "up");
            Move(name, space, address);
        }

        Tool.Run("ip", "link", "set", "fbbridge", "up");
        return () =>
        {
            Tool.Run("ip", "link", "del", "fbbridge");
            Tool.Run("ip", "link", "del", "fbvap");
            Tool.Run("ip", "link", "del", "fbvbp");
        };
    }

    private static void Move(string link, string space, string address)
    {
        Tool.Run("ip", "link", "set", link, "netns", space);
        Tool.Run("ip", "-n", space, "addr", "add", address + "/24", "dev", link);
        Tool.Run("ip", "-n", space, "link", "set", link, "up");
    }

    private static double Ping()
    {
        string output = Tool.Run("ip", "netns", "exec", B, "ping", "-c", "400", "-i", "0.005", "-q", AddressA);
        // rtt min/avg/max/mdev = 0.021/0.043/…
        return double.Parse(output[output.LastIndexOf('=')..].Split('/')[1], CultureInfo.InvariantCulture);
    }

    private static double Tcp(string seconds)
    {
        using JsonDocument result = Iperf(A, "-t", seconds);
        return result.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bits_per_second").GetDouble() / 1e9;
    }

    private static double Udp(string seconds)
    {
        using JsonDocument result = Iperf(A, "-t", seconds, "-u", "-b", "0", "-l", "64");
        JsonElement sum = result.RootElement.GetProperty("end").GetProperty("sum");
        double received = sum.GetProperty("packets").GetDouble() - sum.GetProperty("lost_packets").GetDouble();
        return received / sum.GetProperty("seconds").GetDouble() / 1000;
    }

    private static JsonDocument Iperf(string server, params string[] options)
    {
        Process listening = Tool.Start("ip", "netns", "exec", server, "iperf3", "-s", "-1", "--forceflush");
        while (listening.StandardOutput.ReadLine() is { } line && !line.Contains("listening", StringComparison.Ordinal))
        {
        }

        string output = Tool.Run(["ip", "netns", "exec", B, "iperf3", "-c", AddressA, "-J", .. options]);
        listening.StandardOutput.ReadToEnd();
        listening.WaitForExit();
        listening.Dispose();
        return JsonDocument.Parse(output);
    }
}
