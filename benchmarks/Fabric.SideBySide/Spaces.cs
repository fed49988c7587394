using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Fabric.SideBySide;

/// <summary>Two namespaces whose own stacks are the ends of what is compared, and the traffic between them.</summary>
/// <remarks>Who forwards and who receives each have a session of their own, as daemons do: the kernel shares a processor between sessions
/// first (sched_autogroup), and what has one of its own would be given more than what has not.</remarks>
internal static class Spaces
{
    public const string A = "fabric-bench-a";
    public const string B = "fabric-bench-b";

    /// <summary>Measures what one contestant has built between the namespaces, and removes all of it.</summary>
    /// <param name="build">Builds it; the result takes it down again.</param>
    /// <param name="addressB">Answers pings when it is ready.</param>
    /// <param name="measure">Measures.</param>
    public static Dictionary<string, double> Between(Func<Action> build, string addressB, Func<Dictionary<string, double>> measure)
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
                    Tool.Run("ip", "netns", "exec", A, "ping", "-q", "-c", "3", "-i", "0.1", "-W", "5", addressB);
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

    /// <summary>Starts a program that says in a line that it is ready.</summary>
    /// <returns>Ends it.</returns>
    public static Action Serve(string ready, params string[] command)
    {
        Process served = Tool.Start(["setsid", .. command]);
        string? line;
        while ((line = served.StandardOutput.ReadLine()) is not null && !line.Contains(ready, StringComparison.Ordinal))
        {
        }

        if (line is null)
            throw new InvalidOperationException(served.StandardError.ReadToEnd());
        // What it says later must not fill the pipe.
        _ = served.StandardOutput.ReadToEndAsync();
        return () => Tool.End(served);
    }

    /// <summary>Moves an interface into a namespace and sets it up.</summary>
    public static void Move(string link, string space, string address)
    {
        Tool.Run("ip", "link", "set", link, "netns", space);
        Tool.Run("ip", "-n", space, "addr", "add", address, "dev", link);
        Tool.Run("ip", "-n", space, "link", "set", link, "up");
    }

    /// <summary>Mean round trip in milliseconds, from B.</summary>
    public static double Ping(string address)
    {
        string output = Tool.Run("ip", "netns", "exec", B, "ping", "-c", "400", "-i", "0.005", "-q", address);
        // rtt min/avg/max/mdev = 0.021/0.043/…
        return double.Parse(output[output.LastIndexOf('=')..].Split('/')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Gbit/s of one TCP stream, from B to A, without its first second: slow start, and what is compiled only when it is used.</summary>
    public static double Tcp(string address, string seconds)
    {
        using JsonDocument result = Iperf(address, "-t", seconds, "-O", "1");
        return result.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bits_per_second").GetDouble() / 1e9;
    }

    /// <summary>Thousands of 64-byte datagrams received a second, from B to A.</summary>
    public static double Udp(string address, string seconds)
    {
        using JsonDocument result = Iperf(address, "-t", seconds, "-u", "-b", "0", "-l", "64");
        JsonElement sum = result.RootElement.GetProperty("end").GetProperty("sum");
        double received = sum.GetProperty("packets").GetDouble() - sum.GetProperty("lost_packets").GetDouble();
        return received / sum.GetProperty("seconds").GetDouble() / 1000;
    }

    private static JsonDocument Iperf(string address, params string[] options)
    {
        Process listening = Tool.Start("setsid", "ip", "netns", "exec", A, "iperf3", "-s", "-1", "--forceflush");
        while (listening.StandardOutput.ReadLine() is { } line && !line.Contains("listening", StringComparison.Ordinal))
        {
        }

        string output = Tool.Run(["ip", "netns", "exec", B, "iperf3", "-c", address, "-J", .. options]);
        listening.StandardOutput.ReadToEnd();
        listening.WaitForExit();
        listening.Dispose();
        return JsonDocument.Parse(output);
    }
}
