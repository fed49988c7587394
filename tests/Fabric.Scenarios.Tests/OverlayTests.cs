using System.Globalization;

namespace Fabric.Scenarios.Tests;

/// <summary>The sites of one file, each with a daemon of its own, and the segment between them.</summary>
public sealed class OverlayTests
{
    [Fact]
    public async Task TwoSitesOfOneFileAreOneSegment()
    {
        await using Lab lab = new();
        // Two runs on one machine must not meet.
        string net = string.Create(CultureInfo.InvariantCulture, $"127.{1 + (Environment.ProcessId >> 8 & 0x7F)}.{Environment.ProcessId & 0xFF}.");
        string text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "topologies/overlay.yaml"));
        string file = lab.Write("overlay.yaml", text.Replace("127.20.0.", net, StringComparison.Ordinal));
        string output = await lab.SucceedAsync("test", file, "--keep");
        Assert.Contains("4 passed, 0 failed", output, StringComparison.Ordinal);

        Assert.Contains("3 came back", await lab.SucceedAsync("ping", "-t", "overlay-west", "w2", "e1"), StringComparison.Ordinal);
        string overlay = await lab.SucceedAsync("overlay", "blue", "-t", "overlay-east");
        Assert.Matches($@"blue +east-lan +100 +{net}2:4789", overlay);
        Assert.Matches($@"blue +{net}1:4789 +file +2", overlay);
        Assert.Contains($"\"remote\": \"{net}1\"", await lab.SucceedAsync("overlay", "-t", "overlay-east", "--json"), StringComparison.Ordinal);
        Assert.Contains("overlay-west is down", await lab.SucceedAsync("down", "--all"), StringComparison.Ordinal);
    }
}
