using Fabric.Interop.Tests.Peers;

namespace Fabric.Interop.Tests.Routing;

/// <summary>The judges of RIP agree with each other: what differs in other tests is ours.</summary>
public sealed class PeersTests
{
    [SkippableFact]
    public void FrrAndBirdExchangeRoutes()
    {
        using TestNamespace one = new();
        using TestNamespace other = new();
        one.Ip("link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", other.Name);
        one.Ip("addr", "add", "10.7.0.1/24", "dev", "va");
        other.Ip("addr", "add", "10.7.0.2/24", "dev", "vb");
        one.Ip("link", "set", "va", "up");
        other.Ip("link", "set", "vb", "up");
        using FrrRouter frr = new(
            one,
            ("staticd", "ip route 172.16.0.0/24 blackhole"),
            ("ripd", "key chain k\n key 1\n  key-string secret\ninterface va\n ip rip authentication mode md5\n ip rip authentication key-chain k\nrouter rip\n network va\n redistribute static\n timers basic 5 30 20"));
        using BirdRouter bird = new(
            other,
            """
            router id 10.7.0.2;
            protocol static { ipv4; route 172.20.0.0/24 blackhole; }
            protocol rip { ipv4 { import all; export all; }; interface "vb" { authentication cryptographic; password "secret" { id 1; algorithm keyed md5; }; update time 5; timeout time 30; garbage time 20; }; }
            """);
        HostTool.Await("FRR's route", 60, () => frr.Show("show ip rip").Contains("172.20.0.0/24", StringComparison.Ordinal) ? null : frr.Show("show ip rip") + frr.Log);
        HostTool.Await("BIRD's route", 60, () => bird.Show("show route").Contains("172.16.0.0/24", StringComparison.Ordinal) ? null : bird.Show("show route all"));
    }
}
