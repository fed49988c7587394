namespace Fabric.Scenarios.Tests;

/// <summary>Stock Debian guests behind routers.</summary>
[Collection(nameof(Machines))]
public class RoutedTests
{
    [SkippableFact]
    public async Task Traffic_between_guests_comes_back_by_the_other_path_when_a_link_is_cut()
    {
        await using Lab lab = new();
        await Lab.NeedDebianAsync();

        string output = await lab.SucceedAsync("test", Path.Combine(Checkout.Root, "topologies/routed.yaml"), "--keep");
        Assert.Contains("11 passed, 0 failed", output, StringComparison.Ordinal);

        // The guest's own traceroute judges the way, and what the routers say of themselves on it: by r2 and r3, for r1 - r3 is still cut.
        await lab.SucceedAsync("link", "up", "r1", "r3");
        await lab.SucceedAsync("link", "down", "r1", "r2");
        await lab.InGuestAsync("alice", "for i in $(busybox seq 30); do ping -c 1 -W 1 10.2.0.2 > /dev/null && exit 0; done; exit 1");
        string way = await lab.InGuestAsync("alice", "traceroute -n -q 1 10.2.0.2");
        Assert.Matches(@"^ 1  10\.1\.0\.1 .*\n 2  10\.0\.13\.2 .*\n 3  10\.0\.23\.1 .*\n 4  10\.2\.0\.2 ", string.Join('\n', way.Split('\n').Skip(1)));
        Assert.Matches(@"\*  10\.2\.0\.0/24  rip +\[120/3\] +10\.0\.13\.2", await lab.SucceedAsync("routes", "r1", "--to", "10.2.0.2"));
    }
}
