using System.Text;
using Fabric.Interop.Tests.Peers;
using Fabric.Routing.Rip;

namespace Fabric.Interop.Tests.Rip;

/// <summary>RIP version 2 and RIPng with BIRD.</summary>
public sealed class BirdTests
{
    [SkippableFact]
    public void AThousandRoutesOfEitherFamilyGoBothWaysAndCutLinksAreWithdrawnAtOnce()
    {
        using TestNamespace space = new();
        using RipRouter router = new(space);
        using BirdRouter bird = Start(space, "");
        router.Start();
        Exchange(router, bird);
        HostTool.Await("RIPng's routes here", 60, () => router.Missing(RipRouter.Theirs6));
        HostTool.Await("RIPng's routes in BIRD", 60, () => Count(bird, "r6", "2001:db8:4"));
        router.ExpectNoRefusal();
        Assert.Contains("2001:db8:79::/64", bird.Show("show route protocol r6"), StringComparison.Ordinal);
        router.Cut();
        HostTool.Await("the withdrawal in BIRD", 6, () => Withdrawn(bird, "r4", "10.7.9.0/24"));
        HostTool.Await("the withdrawal in BIRD by RIPng", 6, () => Withdrawn(bird, "r6", "2001:db8:79::/64"));
    }

    [SkippableTheory]
    [InlineData(RipAlgorithm.KeyedMd5, "keyed md5", 8)]
    [InlineData(RipAlgorithm.HmacSha1, "hmac sha1", 30)]
    [InlineData(RipAlgorithm.HmacSha256, "hmac sha256", 8)]
    [InlineData(RipAlgorithm.HmacSha256, "hmac sha256", 50)]
    [InlineData(RipAlgorithm.HmacSha384, "hmac sha384", 100)]
    [InlineData(RipAlgorithm.HmacSha512, "hmac sha512", 8)]
    public void WithKeysTheSame(RipAlgorithm algorithm, string name, int length)
    {
        using TestNamespace space = new();
        string secret = "a-secret".PadRight(length, 's');
        using RipRouter router = new(space, new RipKey { Id = 9, Algorithm = algorithm, Secret = Encoding.ASCII.GetBytes(secret) });
        using BirdRouter bird = Start(space, $"authentication cryptographic; password \"{secret}\" {{ id 9; algorithm {name}; }};");
        router.Start();
        Exchange(router, bird);
        router.ExpectNoRefusal();
        router.Cut();
        HostTool.Await("the withdrawal in BIRD", 6, () => Withdrawn(bird, "r4", "10.7.9.0/24"));
    }

    private static BirdRouter Start(TestNamespace space, string keys) => new(
        space,
        $$"""
        router id 10.7.0.2;
        protocol static s4 { ipv4; {{string.Concat(RipRouter.Theirs4.Select(prefix => $"route {prefix} blackhole;\n"))}} }
        protocol static s6 { ipv6; {{string.Concat(RipRouter.Theirs6.Select(prefix => $"route {prefix} blackhole;\n"))}} }
        protocol rip r4 { ipv4 { import all; export all; }; interface "lan" { {{keys}} }; }
        protocol rip ng r6 { ipv6 { import all; export all; }; interface "lan"; }
        """);

    private static void Exchange(RipRouter router, BirdRouter bird)
    {
        HostTool.Await("routes here", 60, () => router.Missing(RipRouter.Theirs4));
        HostTool.Await("routes in BIRD", 60, () => Count(bird, "r4", "172.1"));
        Assert.Contains("10.7.9.0/24", bird.Show("show route protocol r4"), StringComparison.Ordinal);
    }

    private static string? Count(BirdRouter bird, string protocol, string start)
    {
        int count = bird.Show($"show route protocol {protocol}").Split('\n').Count(line => line.StartsWith(start, StringComparison.Ordinal));
        return count == RipRouter.Routes ? null : $"{count} of {RipRouter.Routes}";
    }

    private static string? Withdrawn(BirdRouter bird, string protocol, string prefix) =>
        bird.Show($"show route protocol {protocol}").Split('\n').Any(line => line.StartsWith(prefix, StringComparison.Ordinal) && !line.Contains("unreachable", StringComparison.Ordinal))
            ? "is known still" : null;
}
