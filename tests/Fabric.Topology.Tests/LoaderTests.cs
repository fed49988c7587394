using System.Net;

namespace Fabric.Topology.Tests;

public class LoaderTests
{
    private const string Lab = """
        name: lab
        images:
          debian: { pull: debian-riscv64 }
          mine: { kernel: boot/Image, initrd: /srv/initrd, cmdline: "console=ttyS0 quiet" }
        switches:
          lan: { subnet: 10.0.0.0/24, mtu: 9000, ageing: 5m }
          wan:
        disks:
          root: { base: debian, size: 8GiB }
          data: { file: data.raw, format: raw, readonly: true }
          over: { base: ./golden.qcow2, base-format: qcow2 }
        vms:
          alice:
            image: debian
            cpus: 2
            memory: 256MiB
            disks: [root, data]
            nics:
              - { to: lan, mac: "52:54:00:00:00:01", address: 10.0.0.1 }
              - { to: wan, address: fd00::1/64 }
          bob:
            image: mine
            disks: [over, data]
            nics: [{ to: wan, address: fd00::2/64 }, { to: lan, address: 10.0.0.2/24 }]
        tests:
          - ping: { from: alice, to: bob }
          - { name: "far away", ping: { from: bob, to: 192.0.2.1, count: 7 } }
          - exec: { vm: bob, run: "false", status: 1, timeout: 90s }
          - restart: alice
        """;

    [Fact]
    public void Everything_in_a_file_reaches_the_model()
    {
        using TopologyFile file = new(Lab);
        TopologyModel model = TopologyLoader.Load(file.FilePath);

        Assert.Equal("lab", model.Name);
        Assert.Equal(new ImageModel("debian", "debian-riscv64", null, null, null), model.Images["debian"]);
        Assert.Equal(Path.Combine(file.Folder, "boot/Image"), model.Images["mine"].Kernel);
        Assert.Equal("/srv/initrd", model.Images["mine"].Initrd);
        Assert.Equal(new SwitchModel("lan", 9000, TimeSpan.FromMinutes(5), IPNetwork.Parse("10.0.0.0/24")), model.Switches["lan"]);
        Assert.Equal(new SwitchModel("wan", 1500, TimeSpan.FromSeconds(300), null), model.Switches["wan"]);
        Assert.Equal(new DiskModel("root", null, "qcow2", "debian", null, null, 8L << 30, false), model.Disks["root"]);
        Assert.Equal(new DiskModel("data", Path.Combine(file.Folder, "data.raw"), "raw", null, null, null, null, true), model.Disks["data"]);
        Assert.Equal(Path.Combine(file.Folder, "golden.qcow2"), model.Disks["over"].BaseFile);
        VmModel alice = model.Vms["alice"];
        Assert.Equal((2, 256L << 20, "debian"), (alice.Cpus, alice.MemoryBytes, alice.Image));
        Assert.Equal(["root", "data"], alice.Disks);
        Assert.Equal([0x52, 0x54, 0, 0, 0, 1], alice.Nics[0].Mac.GetAddressBytes());
        Assert.Equal((IPAddress.Parse("10.0.0.1"), 24), (alice.Nics[0].Address, alice.Nics[0].PrefixLength));
        Assert.Equal((1, 512L << 20), (model.Vms["bob"].Cpus, model.Vms["bob"].MemoryBytes));
        Assert.Equal(["alice", "bob"], model.Vms.Keys);
    }

    [Fact]
    public void Access_lists_and_mirrors_reach_the_model()
    {
        TopologyModel model = TopologyFile.Load("""
            switches:
              lan: { mirrors: { watch: { ports: [t0], vlans: "10,20-29", direction: received, rules: true, to: t1 } } }
            acls:
              web:
                otherwise: permit
                rules:
                  - { action: permit, protocol: tcp, from: 10.0.0.0/8, to: 10.1.2.3/32, port: 8000-8099, from-port: 1024-65535 }
                  - { action: deny, mirror: true, protocol: icmp6, vlan: 20, from-mac: "52:54:00:00:00:01", to-mac: "ff:ff:ff:ff:ff:ff" }
            taps: { t0: { to: lan, acl-in: web }, t1: { to: lan, acl-out: web } }
            """);

        MirrorModel mirror = Assert.Single(model.Switches["lan"].Mirrors);
        Assert.Equal(["t0"], mirror.Ports);
        Assert.Equal([(10, 10), (20, 29)], mirror.Vlans!);
        Assert.Equal(("watch", "received", true, "t1"), (mirror.Name, mirror.Direction, mirror.TakesRules, mirror.To));
        AccessListModel list = model.AccessLists["web"];
        Assert.True(list.PermitsOtherwise);
        Assert.Equal(
            new AccessRuleModel(true) { Protocol = "tcp", From = IPNetwork.Parse("10.0.0.0/8"), To = IPNetwork.Parse("10.1.2.3/32"), ToPorts = (8000, 8099), FromPorts = (1024, 65535) },
            list.Rules[0]);
        Assert.Equal("FFFFFFFFFFFF", $"{list.Rules[1].ToMac}");
        Assert.Equal((false, true, "icmp6", 20), (list.Rules[1].Permits, list.Rules[1].Mirrors, list.Rules[1].Protocol, list.Rules[1].Vlan));
        Assert.Equal(("web", "web"), (model.Taps["t0"].Port.AclIn, model.Taps["t1"].Port.AclOut));
    }

    [Fact]
    public void Links_taps_and_streams_reach_the_model_with_what_their_ports_let_pass()
    {
        using TopologyFile file = new("""
            switches:
              core: { spanning-tree: { priority: 4096, hello: 1 }, max-addresses: 100 }
              edge: { spanning-tree: stp, subnet: 10.0.0.0/24 }
            links:
              - { a: core, b: edge, trunk: "10,20-29", native: 10, cost: 5, root-guard: true }
              - { a: edge, b: core }
            taps:
              t0: { to: edge, interface: eth7, netns: blue, queues: 2, address: 10.0.0.9, vlan: 10, isolated: true, most-addresses: 3, police: 2.5Mbit, edge: true }
            streams:
              q0: { to: core, listen: run/q.sock, tunnel: 30 }
              q1: { to: core, connect: "tcp:[::1]:5000" }
            tests:
              - link: { a: edge, b: core, state: down }
            """);
        TopologyModel model = TopologyLoader.Load(file.FilePath);

        Assert.Equal(new SpanningTreeModel(true, 4096, 1, 20, 15), model.Switches["core"].SpanningTree);
        Assert.False(model.Switches["edge"].SpanningTree!.IsRapid);
        Assert.Equal(100, model.Switches["core"].MaxAddresses);
        Assert.Equal(["core/edge", "edge/core.2"], model.Links.Select(link => link.PortA));
        Assert.Equal(["edge/core", "core/edge.2"], model.Links.Select(link => link.PortB));
        PortModel trunk = model.Links[0].Port;
        Assert.Equal([(10, 10), (20, 29)], trunk.Trunk!);
        Assert.Equal((10, 5, true), (trunk.Native, trunk.Cost, trunk.RootGuard));
        Assert.Same(PortModel.Plain, model.Links[1].Port);
        TapModel tap = model.Taps["t0"];
        Assert.Equal(("edge", "eth7", "blue", 2, IPAddress.Parse("10.0.0.9"), 24), (tap.To, tap.Interface, tap.Namespace, tap.Queues, tap.Address, tap.PrefixLength));
        Assert.Equal(new PortModel { Vlan = 10, IsIsolated = true, MostAddresses = 3, PoliceBits = 2_500_000, IsEdge = true }, tap.Port);
        Assert.Equal((Path.Combine(file.Folder, "run/q.sock"), true, 30), (model.Streams["q0"].EndPoint.ToString(), model.Streams["q0"].Listens, model.Streams["q0"].Port.Tunnel));
        Assert.Equal((new IPEndPoint(IPAddress.IPv6Loopback, 5000), false), (model.Streams["q1"].EndPoint, model.Streams["q1"].Listens));
        Assert.Equal(new LinkStep("link edge - core down", 13, "edge", "core", false), Assert.Single(model.Tests));
    }

    [Fact]
    public void Test_steps_keep_their_order_and_resolve_machines_to_addresses_on_a_shared_switch()
    {
        TopologyModel model = TopologyFile.Load(Lab);

        Assert.Collection(model.Tests,
            step => Assert.Equal(new PingStep("alice pings bob", 26, "alice", IPAddress.Parse("fd00::2"), 3), step),
            step => Assert.Equal(new PingStep("far away", 27, "bob", IPAddress.Parse("192.0.2.1"), 7), step),
            step => Assert.Equal(new ExecStep("bob: false", 28, "bob", "false", null, 1, TimeSpan.FromSeconds(90)), step),
            step => Assert.Equal(new RestartStep("restart alice", 29, "alice"), step));
    }

    [Fact]
    public void Derived_addresses_are_unicast_local_distinct_and_the_same_every_time()
    {
        const string yaml = """
            switches: { lan: }
            vms:
              a: { kernel: k, nics: [{ to: lan }, { to: lan }] }
              b: { kernel: k, nics: [{ to: lan }] }
            """;
        TopologyModel first = TopologyFile.Load(yaml);
        TopologyModel second = TopologyFile.Load(yaml);

        byte[][] macs = [.. first.Vms.Values.SelectMany(vm => vm.Nics).Select(nic => nic.Mac.GetAddressBytes())];
        Assert.All(macs, mac => Assert.Equal(0x02, mac[0] & 0x03));
        Assert.Equal(3, macs.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(macs, second.Vms.Values.SelectMany(vm => vm.Nics).Select(nic => nic.Mac.GetAddressBytes()));
    }

    [Fact]
    public void Anchors_and_merges_share_what_machines_have_in_common()
    {
        TopologyModel model = TopologyFile.Load("""
            x-common: &common { kernel: /k, memory: 64MiB }
            vms:
              a: { <<: *common, cpus: 3 }
              b: { <<: *common }
            """);

        Assert.Equal((3, 64L << 20), (model.Vms["a"].Cpus, model.Vms["a"].MemoryBytes));
        Assert.Equal((1, 64L << 20), (model.Vms["b"].Cpus, model.Vms["b"].MemoryBytes));
    }

    [Fact]
    public void A_file_without_a_name_is_named_after_itself()
    {
        using TopologyFile file = new("switches: { lan: }", "my lab_2.yaml");
        Assert.Equal("my-lab-2", TopologyLoader.Load(file.FilePath).Name);
    }

    [Fact]
    public void A_disk_may_be_throttled_cached_and_made_to_fail_and_the_disks_may_share_a_limit()
    {
        TopologyModel model = TopologyFile.Load("""
            pool: { limit: 20GiB }
            images: { debian: { pull: debian-riscv64 } }
            disks:
              slow:
                base: debian
                throttle: { iops: 500, iops-burst: 1000, bytes-per-second: 50MiB, bytes-burst: 100MiB }
                cache: 64MiB
                copy-on-read: true
                faults:
                  - { on: write, every: 100, answer: no-space }
                  - { on: flush, answer: ok, delay: 20ms }
              windows: { base: debian, format: vhdx }
            """);
        DiskModel slow = model.Disks["slow"];
        Assert.Equal(20L << 30, model.PoolLimit);
        Assert.Equal(new ThrottleModel(500, 1000, 50 << 20, 100 << 20), slow.Throttle);
        Assert.Equal((64L << 20, true), (slow.CacheBytes, slow.CopyOnRead));
        Assert.Equal([new DiskFaultModel("write", 100, "no-space", TimeSpan.Zero), new DiskFaultModel("flush", 1, "ok", TimeSpan.FromMilliseconds(20))], slow.Faults);
        Assert.Equal(("vhdx", "debian"), (model.Disks["windows"].Format, model.Disks["windows"].BaseImage));
    }
}
