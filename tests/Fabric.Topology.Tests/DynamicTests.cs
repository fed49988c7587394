namespace Fabric.Topology.Tests;

/// <summary>Guests that get their addresses from others.</summary>
public class DynamicTests
{
    private const string Lab = """
        name: lab
        switches: { lan: { subnet: 10.1.0.0/24 } }
        routers:
          r1:
            interfaces: { lan: { to: lan, address: 10.1.0.1, address6: fd01::1/64 } }
            dhcp: { lan: { range: 10.1.0.100-10.1.0.200, static: { kept: 10.1.0.50 } } }
            advertise: [lan]
        vms:
          kept:  { kernel: k, nics: [{ to: lan, dhcp: true }] }
          free:  { kernel: k, nics: [{ to: lan, dhcp: true, autoconfigure: true }] }
          both:  { kernel: k, nics: [{ to: lan, dhcp: true, address6: "fd01::7/64" }] }
          fixed: { kernel: k, nics: [{ to: lan, address: 10.1.0.2 }] }
        hosts:
          h: { to: lan, dhcp: true }
        """;

    [Fact]
    public void A_NIC_takes_its_addresses_from_others_and_knows_what_a_router_keeps_for_it()
    {
        TopologyModel model = TopologyFile.Load(Lab);

        Assert.Equal(
            ["kept True False 10.1.0.50", "free True True ", "both True False ", "fixed False False "],
            model.Vms.Values.Select(vm => (vm.Name, Nic: vm.Nics[0])).Select(vm => $"{vm.Name} {vm.Nic.UseDhcp} {vm.Nic.Autoconfigure} {vm.Nic.Lease}"));
        Assert.All(model.Vms.Values, vm => Assert.Equal(vm.Name != "fixed", vm.Nics[0].IsDynamic));
    }

    /// <summary>What is known beforehand is pinged there; the rest is looked up when the step runs.</summary>
    [Fact]
    public void Steps_know_the_address_or_leave_it_to_the_run()
    {
        TopologyModel model = TopologyFile.Load(Lab + """

            tests:
              - ping: { from: fixed, to: kept }
              - ping: { from: fixed, to: free }
              - ping: { from: h, to: both }
              - ping: { from: fixed, to: h }
            """);

        Assert.Equal(["10.1.0.50 ", " free", "fd01::7 ", " h"], model.Tests.Cast<PingStep>().Select(step => $"{step.To} {step.Target}"));
    }

    [Theory]
    [InlineData("dhcp: true, address: 10.1.0.9", "'dhcp: true' brings the IPv4 address; leave out 'address:' or this")]
    [InlineData("dhcp: true, gateway: r1", "'dhcp: true' brings the IPv4 gateway; leave out 'gateway:' or that")]
    [InlineData("autoconfigure: true, gateway6: r1", "'autoconfigure: true' brings the IPv6 gateway; leave out 'gateway6:' or that")]
    [InlineData("dhcp: maybe", "'dhcp: maybe' is neither true nor false")]
    [InlineData("address: dhcp", "'address: dhcp' is no address; to get one from a server, write 'dhcp: true' instead")]
    public void What_contradicts_itself_is_said(string keys, string fault) =>
        Assert.Contains(fault, Assert.Single(TopologyFile.Faults(Lab.Replace("hosts:", $"  odd: {{ kernel: k, nics: [{{ to: lan, {keys} }}] }}\nhosts:", StringComparison.Ordinal))), StringComparison.Ordinal);

    [Fact]
    public void What_a_guest_forms_by_itself_cannot_be_named_in_a_step() =>
        Assert.EndsWith(
            "'alone' has no 'address:', so there is nothing to ping; what its guest forms by 'autoconfigure:' is not known here: give it one, or name an address here",
            Assert.Single(TopologyFile.Faults("""
                name: lab
                switches: { lan: }
                vms:
                  alone: { kernel: k, nics: [{ to: lan, autoconfigure: true }] }
                  fixed: { kernel: k, nics: [{ to: lan, address: 10.1.0.2/24 }] }
                tests:
                  - ping: { from: fixed, to: alone }
                """)));
}
