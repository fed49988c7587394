using System.Globalization;

namespace Fabric.Scenarios.Tests;

/// <summary>The sites of one file, each with a daemon of its own, and the segment between them.</summary>
[Collection(nameof(Machines))]
public sealed class OverlayTests
{
    // Two runs on one machine must not meet.
    private static readonly string Net = string.Create(CultureInfo.InvariantCulture, $"127.{1 + (Environment.ProcessId >> 8 & 0x7F)}.{Environment.ProcessId & 0xFF}.");

    [SkippableFact]
    public async Task Tunnels_between_routers_go_by_a_third_site_when_a_cable_between_sites_is_cut()
    {
        await using Lab lab = new();
        await Lab.NeedDebianAsync();
        string output = await lab.SucceedAsync("test", await WriteAsync(lab, "overlay.yaml"), "--keep");
        Assert.Contains("13 passed, 0 failed", output, StringComparison.Ordinal);

        // The cable between east and north is still cut; now that between west and east is too, so there is no way, until one is mended.
        await lab.SucceedAsync("link", "down", "r2", "r1", "-t", "overlay-east");
        Assert.Matches(@"r1\.r2 +down", await lab.SucceedAsync("status", "-t", "overlay-west"));
        await lab.SucceedAsync("link", "up", "r2", "r3", "-t", "overlay-north");
        await lab.SucceedAsync("exec", "-t", "overlay-west", "alice", "--", "sh", "-c", "for i in $(busybox seq 30); do ping -c 1 -W 1 10.9.0.2 > /dev/null && exit 0; done; exit 1");
        Assert.Matches(@"\*  10\.255\.0\.2/32 +rip +\[120/3\] +10\.0\.13\.2", await lab.SucceedAsync("routes", "r1", "-t", "overlay-west", "--to", "10.255.0.2"));
        string overlay = await lab.SucceedAsync("overlay", "blue", "-t", "overlay-west");
        Assert.Matches(@"blue +west-lan +100 +10\.255\.0\.1:4789 at r1 +1400", overlay);
        Assert.Matches(@"blue +10\.255\.0\.2:4789 +file +[2-9]", overlay);
        Assert.Contains("overlay-north is down", await lab.SucceedAsync("down", "--all"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TwoSitesOfOneFileAreOneSegment()
    {
        await using Lab lab = new();
        string output = await lab.SucceedAsync("test", await WriteAsync(lab, "overlay-hosts.yaml"), "--keep");
        Assert.Contains("4 passed, 0 failed", output, StringComparison.Ordinal);

        Assert.Contains("3 came back", await lab.SucceedAsync("ping", "-t", "overlay-hosts-west", "w2", "e1"), StringComparison.Ordinal);
        string overlay = await lab.SucceedAsync("overlay", "blue", "-t", "overlay-hosts-east");
        Assert.Matches($@"blue +east-lan +100 +{Net}2:4789", overlay);
        Assert.Matches($@"blue +{Net}1:4789 +file +2", overlay);
        Assert.Contains($"\"remote\": \"{Net}1\"", await lab.SucceedAsync("overlay", "-t", "overlay-hosts-east", "--json"), StringComparison.Ordinal);
        Assert.Contains("overlay-hosts-west is down", await lab.SucceedAsync("down", "--all"), StringComparison.Ordinal);
    }

    /// <summary>Writes a shipped file to the lab, with addresses of this run.</summary>
    private static async Task<string> WriteAsync(Lab lab, string name)
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "topologies", name));
        return lab.Write(name, text.Replace("127.20.0.", Net, StringComparison.Ordinal));
    }
}
