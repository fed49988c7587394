using System.Diagnostics;
using Fabric.Interop.Tests.Peers;

namespace Fabric.Scenarios.Tests.Overlays;

/// <summary>A site that cannot come up, and one whose daemon is killed.</summary>
public sealed class FailingSiteTests
{
    [SkippableFact]
    public async Task A_site_that_cannot_have_its_address_leaves_nothing_and_comes_up_once_it_can()
    {
        HostTool.Need("ip", "iproute2");
        using TestNamespace machine = new();
        await using Lab lab = new(machine.Name);
        string file = lab.Write("far.yaml", """
            name: far
            sites:
              here: { address: 192.0.2.1, switches: [lan] }
              there: { address: 192.0.2.2, switches: [other] }
            switches: { lan: , other: }
            taps: { t: { to: lan, interface: tap0, address: 10.9.0.9/24 } }
            hosts: { h: { to: lan, address: 10.9.0.1/24 } }
            overlays: { blue: { vni: 5, members: [lan, other] } }
            """);

        CommandResult up = await lab.FabricAsync("up", file, "--site", "here");

        Assert.NotEqual(0, up.Status);
        Assert.Contains("192.0.2.1", up.Error, StringComparison.Ordinal);
        AssertEmpty(machine);

        machine.Ip("addr", "add", "192.0.2.1/24", "dev", "lo");
        await lab.SucceedAsync("up", file, "--site", "here");
        Assert.Contains("1 received", machine.Expect("ping", "-c", "1", "-W", "5", "10.9.0.1"), StringComparison.Ordinal);

        // What a daemon has in the kernel goes with it, however it ends; and the next one is not in its way.
        using Process daemon = await lab.DaemonAsync("far-here");
        daemon.Kill();
        await daemon.WaitForExitAsync();
        HostTool.Await("the end of what it had", 10, () => Left(machine) is { Length: > 0 } left ? left : null);
        await lab.SucceedAsync("up", file, "--site", "here");
        await lab.SucceedAsync("down", "--all");
        AssertEmpty(machine);
    }

    private static void AssertEmpty(TestNamespace machine) => Assert.Equal("", Left(machine));

    private static string Left(TestNamespace machine) =>
        HostTool.Expect("ip", "netns", "pids", machine.Name) + machine.Expect("ss", "-Hlun") + HostTool.Expect("ip", "-n", machine.Name, "-br", "link", "show", "type", "tun");
}
