namespace Fabric.Scenarios.Tests;

/// <summary>The shipped topologies of switches, routers and in-process hosts pass their own tests.</summary>
public class SwitchedTopologyTests
{
    [Theory]
    [InlineData("rstp-ring", 11)]
    [InlineData("vlan-campus", 7)]
    [InlineData("routed-hosts", 17)]
    public async Task Its_own_tests_pass(string topology, int steps)
    {
        await using Lab lab = new();

        string output = await lab.SucceedAsync("test", Path.Combine(Checkout.Root, $"topologies/{topology}.yaml"));

        Assert.Contains($"{steps} passed, 0 failed", output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(lab.Runtime, "*.sock"));
    }

    [Fact]
    public async Task A_link_that_is_cut_and_mended_shows_in_the_status()
    {
        await using Lab lab = new();
        await lab.SucceedAsync("up", Path.Combine(Checkout.Root, "topologies/rstp-ring.yaml"));
        await lab.SucceedAsync("ping", "a", "c", "-c", "1");

        Assert.Contains("\"state\": \"down\"", await lab.SucceedAsync("link", "down", "north", "east", "--json"), StringComparison.Ordinal);
        Assert.DoesNotContain("\"state\": \"down\"", await lab.SucceedAsync("link", "up", "north", "east", "--json"), StringComparison.Ordinal);
        CommandResult wrong = await lab.FabricAsync("link", "down", "north", "southwest");
        Assert.Equal(1, wrong.Status);
        Assert.Contains("no link joins north and southwest; north is linked with east, west", wrong.Error, StringComparison.Ordinal);
    }
}
