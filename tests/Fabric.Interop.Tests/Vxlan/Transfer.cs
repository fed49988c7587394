using System.Diagnostics;
using System.Text.Json;
using Fabric.Interop.Tests.Peers;

namespace Fabric.Interop.Tests.Vxlan;

/// <summary>Traffic between two namespaces.</summary>
internal static class Transfer
{
    private const long Megabyte = 1 << 20;
    private const int MostBuffered = 16;

    /// <summary>Pings three times.</summary>
    public static bool Answers(TestNamespace from, string address, int size = 56) =>
        from.Expect("sh", "-c", $"ping -c 3 -i 0.05 -W 10 -s {size} {address} || true").Contains(" 3 received", StringComparison.Ordinal);

    /// <summary>Sends so many megabytes by TCP to <paramref name="server"/>, or from it.</summary>
    /// <returns>Segments sent again.</returns>
    public static int Tcp(TestNamespace server, TestNamespace client, string address, int megabytes, bool reverse)
    {
        HostTool.Need("iperf3", "iperf3");
        using Process listening = HostTool.Start("ip", "netns", "exec", server.Name, "iperf3", "-s", "-1", "--forceflush");
        while (listening.StandardOutput.ReadLine() is { } line && !line.Contains("listening", StringComparison.Ordinal))
        {
        }

        string[] direction = reverse ? ["-R"] : [];
        string output;
        try
        {
            output = client.Expect(["timeout", "40", "iperf3", "-c", address, "-J", "-n", $"{megabytes}M", .. direction]);
        }
        finally
        {
            listening.Kill();
            listening.WaitForExit();
        }

        using JsonDocument result = JsonDocument.Parse(output);
        JsonElement end = result.RootElement.GetProperty("end");
        // The client ends when all is in its socket's buffer: what is there then may never arrive.
        Assert.True(end.GetProperty("sum_sent").GetProperty("bytes").GetInt64() >= megabytes * Megabyte, output);
        Assert.True(end.GetProperty("sum_received").GetProperty("bytes").GetInt64() >= (megabytes - MostBuffered) * Megabyte, output);
        return end.GetProperty("sum_sent").GetProperty("retransmits").GetInt32();
    }
}
