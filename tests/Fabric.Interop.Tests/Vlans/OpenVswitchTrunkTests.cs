using Fabric.Interop.Tests.Peers;
using Fabric.Link;
using Fabric.Link.Taps;
using Fabric.Switch;
using Fabric.Switch.Vlans;

namespace Fabric.Interop.Tests.Vlans;

/// <summary>A trunk between this switch and Open vSwitch's: two tagged VLANs and a native one.</summary>
public sealed class OpenVswitchTrunkTests : IDisposable
{
    private const string Bridge = "ovs0";
    private const int Native = 30;
    private static readonly int[] Vlans = [10, 20, Native];

    private readonly PortWorker _worker = new("vlans");
    private readonly EthernetSwitch _switch = new("vlans", TimeProvider.System);
    private readonly List<TapPort> _ports = [];
    private readonly Dictionary<int, TestNamespace> _hosts = [];

    [SkippableFact]
    public void Both_put_the_same_stations_into_the_same_VLANs()
    {
        HostTool.Need("ping", "iputils-ping");
        using TestNamespace space = new();
        using OpenVswitch peer = new(space);
        Add(space, "trunk", PortVlan.Trunk(VlanSet.Of(Vlans), Native));
        peer.Configure("add-br", Bridge, "--", "set", "bridge", Bridge, "datapath_type=netdev",
            "--", "add-port", Bridge, "trunk", "--", "set", "port", "trunk", "vlan_mode=native-untagged", $"tag={Native}", "trunks=10,20,30");
        foreach (int vlan in Vlans)
        {
            peer.Configure("add-port", Bridge, $"p{vlan}", $"tag={vlan}", "--", "set", "interface", $"p{vlan}", "type=internal");
            space.Ip("addr", "add", $"10.9.{vlan}.2/24", "dev", $"p{vlan}");
            space.Ip("link", "set", $"p{vlan}", "up");
            TestNamespace host = _hosts[vlan] = new TestNamespace();
            Add(host, $"h{vlan}", PortVlan.Access(vlan));
            host.Ip("addr", "add", $"10.9.{vlan}.1/24", "dev", $"h{vlan}");
        }

        foreach (int vlan in Vlans)
        {
            HostTool.Await($"an answer in VLAN {vlan}", 20, () => Answers(_hosts[vlan], $"10.9.{vlan}.2") ? null : "none comes");
            string station = MacOf(_hosts[vlan], $"h{vlan}");
            Assert.Contains(Rows(peer.Ask("fdb/show", Bridge)), row => row.Length >= 3 && row[1] == $"{vlan}" && row[2] == station);
            string theirs = MacOf(space, $"p{vlan}");
            Assert.Contains(_switch.Snapshot(), entry => entry.Vid == vlan && entry.Address.ToString() == theirs && entry.PortName == "trunk");
        }

        // An address of another VLAN's subnet does not make a host its member.
        _hosts[10].Ip("addr", "add", "10.9.20.9/24", "dev", "h10");
        Assert.False(Answers(_hosts[10], "10.9.20.2"));
        Assert.True(Answers(_hosts[20], "10.9.20.2"));
    }

    public void Dispose()
    {
        _worker.Dispose();
        _switch.Dispose();
        foreach (TapPort port in _ports)
            port.Dispose();
        foreach (TestNamespace host in _hosts.Values)
            host.Dispose();
    }

    private static bool Answers(TestNamespace from, string address) =>
        from.Expect("sh", "-c", $"ping -c 3 -i 0.05 -W 2 {address} || true").Contains(" 3 received", StringComparison.Ordinal);

    private static string MacOf(TestNamespace space, string device) => space.Expect("cat", $"/sys/class/net/{device}/address").Trim();

    private static IEnumerable<string[]> Rows(string table) => table.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private void Add(TestNamespace space, string name, PortVlan vlan)
    {
        TapPort port = TapPort.Open(name, new TapOptions(name) { Namespace = space.Name });
        _ports.Add(port);
        _switch.Attach(port, new PortOptions { Vlan = vlan });
        _worker.Add(port, _switch);
    }
}
