using Fabric.Interop.Tests.Peers;
using Fabric.Routing.Rip;

namespace Fabric.Interop.Tests.Rip;

/// <summary>RIP version 2 and RIPng with FRR's ripd and ripngd.</summary>
public sealed class FrrTests
{
    [SkippableFact]
    public void AThousandRoutesOfEitherFamilyGoBothWaysAndCutLinksAreWithdrawnAtOnce()
    {
        using TestNamespace space = new();
        using RipRouter router = new(space);
        AddPeersCable(space);
        using FrrRouter frr = Start(space, "");
        router.Start();
        Exchange(router, frr);
        HostTool.Await("RIPng's routes here", 60, () => router.Missing(RipRouter.Theirs6));
        HostTool.Await("RIPng's routes in FRR", 60, () => Count(frr, "show ipv6 ripng", "2001:db8:4"));
        router.ExpectNoRefusal();

        Assert.Contains("10.7.9.0/24", frr.Show("show ip rip"), StringComparison.Ordinal);
        Assert.Contains("2001:db8:79::/64", frr.Show("show ipv6 ripng"), StringComparison.Ordinal);
        router.Cut();
        HostTool.Await("the withdrawal in FRR", 6, () => Withdrawn(frr, "show ip route rip", "10.7.9.0/24"));
        HostTool.Await("the withdrawal in FRR by RIPng", 6, () => Withdrawn(frr, "show ipv6 route ripng", "2001:db8:79::/64"));

        Assert.True(router.Knows("10.8.1.0/24") && router.Knows("2001:db8:81::/64"));
        space.Ip("link", "set", "va", "down");
        HostTool.Await("FRR's withdrawal", 6, () => router.Knows("10.8.1.0/24") || router.Knows("2001:db8:81::/64") ? "is known still" : null);
    }

    [SkippableFact]
    public void WithMd5TheSame()
    {
        using TestNamespace space = new();
        using RipRouter router = new(space, new RipKey { Id = 5, Algorithm = RipAlgorithm.KeyedMd5, Secret = "a-secret"u8.ToArray() });
        AddPeersCable(space);
        using FrrRouter frr = Start(
            space, "key chain k\n key 5\n  key-string a-secret\ninterface lan\n ip rip authentication mode md5\n ip rip authentication key-chain k\n");
        router.Start();
        Exchange(router, frr);
        Assert.False(router.Refuses(RipDrop.Digest) || router.Refuses(RipDrop.Replay) || router.Refuses(RipDrop.Key));
        router.Cut();
        HostTool.Await("the withdrawal in FRR", 6, () => Withdrawn(frr, "show ip route rip", "10.7.9.0/24"));

        // Another secret: nothing is believed any more.
        frr.Configure("key chain k", "key 5", "key-string another-one");
        HostTool.Await("a refusal", 60, () => router.Refuses(RipDrop.Digest) ? null : "did not come");
    }

    /// <summary>A cable of the peer's, to be cut.</summary>
    private static void AddPeersCable(TestNamespace space)
    {
        space.Ip("link", "add", "va", "type", "veth", "peer", "name", "vb");
        space.Ip("addr", "add", "10.8.1.1/24", "dev", "va");
        space.Ip("addr", "add", "2001:db8:81::1/64", "dev", "va", "nodad");
        space.Ip("link", "set", "va", "up");
        space.Ip("link", "set", "vb", "up");
    }

    private static FrrRouter Start(TestNamespace space, string keys)
    {
        // Routes of the kernel's: staticd takes minutes over so many.
        string file = Path.GetTempFileName();
        File.WriteAllLines(file, RipRouter.Theirs4.Concat(RipRouter.Theirs6).Select(prefix => $"route add {prefix} dev vb"));
        HostTool.Expect("ip", "-n", space.Name, "-batch", file);
        File.Delete(file);
        return new FrrRouter(
            space,
            ("ripd", $"{keys}router rip\n network lan\n network va\n redistribute kernel\n"),
            ("ripngd", "router ripng\n network lan\n network va\n redistribute kernel\n"));
    }

    private static void Exchange(RipRouter router, FrrRouter frr)
    {
        HostTool.Await("routes here", 60, () => router.Missing(RipRouter.Theirs4));
        HostTool.Await("routes in FRR", 60, () => Count(frr, "show ip rip", "172.1"));
    }

    private static string? Count(FrrRouter frr, string command, string start)
    {
        int count = frr.Show(command).Split('\n').Count(line => line.StartsWith("R(n) ", StringComparison.Ordinal) && line.Contains(start, StringComparison.Ordinal));
        return count == RipRouter.Routes ? null : $"{count} of {RipRouter.Routes}; {frr.Show(command + " status")} {frr.Log}";
    }

    private static string? Withdrawn(FrrRouter frr, string command, string prefix) =>
        frr.Show(command).Contains(prefix, StringComparison.Ordinal) ? "is known still" : null;
}
