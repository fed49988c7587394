using System.Diagnostics;
using System.Globalization;
using Fabric.Interop.Tests.Peers;

namespace Fabric.Scenarios.Tests.Overlays;

/// <summary>Two sites without guests, each with its daemon in a namespace of its own, over other cables than the usual one.</summary>
public sealed class PlainSitesTests
{
    [SkippableTheory]
    [InlineData("2001:db8:7::1", "2001:db8:7::2", 64, 1500, "", 1430)]
    [InlineData("10.7.0.1", "10.7.0.2", 24, 9000, ", mtu: 8950", 8950)]
    public async Task Interfaces_of_both_sites_exchange_all_sizes(string west, string east, int prefix, int cable, string option, int mtu)
    {
        HostTool.Need("ping", "iputils-ping");
        HostTool.Need("iperf3", "iperf3");
        using TestNamespace near = new();
        using TestNamespace far = new();
        HostTool.Expect("ip", "link", "add", "under", "netns", near.Name, "mtu", $"{cable}", "type", "veth", "peer", "name", "under", "netns", far.Name, "mtu", $"{cable}");
        Begin(near, west, prefix);
        Begin(far, east, prefix);
        await using Lab nearLab = new(near.Name);
        await using Lab farLab = new(far.Name);
        string text = string.Create(CultureInfo.InvariantCulture, $$"""
            name: plain
            sites: { west: { address: "{{west}}", switches: [a] }, east: { address: "{{east}}", switches: [b] } }
            switches: { a: , b: }
            overlays: { blue: { vni: 16777215, members: [a, b]{{option}} } }
            taps:
              here: { to: a, interface: tap0, address: 10.9.0.1/24 }
              there: { to: b, interface: tap0, address: 10.9.0.2/24 }
            """);
        await Task.WhenAll(nearLab.SucceedAsync("up", nearLab.Write("plain.yaml", text), "--site", "west"), farLab.SucceedAsync("up", farLab.Write("plain.yaml", text), "--site", "east"));

        await GuestTraffic.PingAsync(GuestTraffic.In(near), "10.9.0.2");
        await GuestTraffic.PingAsync(GuestTraffic.In(far), "10.9.0.1");
        // The longest packet passes whole, and a longer one does not even leave.
        near.Expect("ping", "-c", "1", "-W", "5", "-M", "do", "-s", $"{mtu - 28}", "10.9.0.2");
        Assert.Contains($"mtu={mtu}", near.Expect("sh", "-c", $"ping -c 1 -W 5 -M do -s {mtu - 27} 10.9.0.2 2>&1 || true"), StringComparison.Ordinal);
        await ServeAsync(far, () => GuestTraffic.IperfAsync(GuestTraffic.In(near), "10.9.0.2"));
        Assert.Contains("blue", await farLab.SucceedAsync("overlay", "-t", "plain-east"), StringComparison.Ordinal);
    }

    private static void Begin(TestNamespace space, string address, int prefix)
    {
        string[] noDetection = address.Contains(':', StringComparison.Ordinal) ? ["nodad"] : [];
        space.Ip(["addr", "add", $"{address}/{prefix}", "dev", "under", .. noDetection]);
        space.Ip("link", "set", "under", "up");
    }

    private static async Task ServeAsync(TestNamespace space, Func<Task> run)
    {
        using Process server = HostTool.Start("ip", "netns", "exec", space.Name, "iperf3", "-s", "--forceflush");
        try
        {
            while (await server.StandardOutput.ReadLineAsync() is { } line && !line.Contains("listening", StringComparison.Ordinal))
            {
            }

            Task<string> rest = server.StandardOutput.ReadToEndAsync();
            await run();
            server.Kill();
            await rest;
        }
        finally
        {
            if (!server.HasExited)
                server.Kill();
            await server.WaitForExitAsync();
        }
    }
}
