namespace Fabric.Topology.Tests;

public class HostTests
{
    [Fact]
    public void Hosts_reach_the_model_and_the_steps()
    {
        TopologyModel model = TopologyFile.Load("""
            name: lab
            switches: { lan: { subnet: 10.0.0.0/24 }, v6: }
            vms:
              alice: { kernel: k, nics: [{ to: lan, address: 10.0.0.1 }] }
            hosts:
              h1: { to: lan, address: 10.0.0.2, address6: fd00::2/64, gateway: 10.0.0.254, gateway6: fe80::1, tag: 9, vlan: 4, mac: "52:54:00:00:00:09", services: [echo] }
              h2: { to: v6, dhcp: true, autoconfigure: true }
            tests:
              - ping: { from: h1, to: alice }
              - ping: { from: alice, to: h1 }
            """);
        HostModel first = model.Hosts["h1"];
        Assert.Equal("lan 525400000009 9 4 10.0.0.254 fe80::1", $"{first.To} {first.Mac} {first.Tag} {first.Port.Vlan} {first.Gateway} {first.GatewayV6}");
        Assert.Equal(["10.0.0.2/24", "fd00::2/64"], first.Addresses.Select(address => $"{address.Address}/{address.PrefixLength}"));
        Assert.True(first.OffersEcho && !first.UseDhcp);
        HostModel second = model.Hosts["h2"];
        Assert.True(second is { UseDhcp: true, Autoconfigure: true, OffersEcho: false, Addresses.Count: 0 });
        Assert.Equal([("h1", "10.0.0.1", true), ("alice", "10.0.0.2", false)], model.Tests.Cast<PingStep>().Select(step => (step.From, $"{step.To}", step.IsFromHost)));
    }
}
