namespace Fabric.Topology.Tests;

/// <summary>Each wrong file gives the place of the fault and the nearest right thing, once.</summary>
public class FaultTests
{
    [Theory]
    [InlineData("vms:\n  a: { kernel: k, memroy: 64MiB }", "2:19: unknown key 'memroy' in a vm; did you mean 'memory'?")]
    [InlineData("switch: { lan: }", "1:1: unknown key 'switch' in a topology; did you mean 'switches'?")]
    [InlineData("zzz: 1", "1:1: unknown key 'zzz' in a topology; it takes name, images, switches, routers, prefix-lists, acls, links, taps, streams, datagrams, interfaces, bonds, sites, overlays, disks, pool, vms, hosts, tests")]
    [InlineData("vms:\n  a:\n    kernel: k\n    nics:\n      - { to: lam }\nswitches: { lan: }", "5:15: there is no switch 'lam'; did you mean 'lan'?")]
    [InlineData("vms: { a: { image: x } }", "1:20: there is no image 'x'; the file declares no image")]
    [InlineData("vms: { a: { kernel: k, disks: [rot] } }\ndisks: { root: { size: 1GiB } }", "1:32: there is no disk 'rot'; did you mean 'root'?")]
    [InlineData("vms: { a: {} }", "1:11: vm 'a' has nothing to boot: give it 'image:', 'kernel:' or 'firmware:'")]
    [InlineData("vms: { a: { kernel: k, cpus: 9 } }", "1:30: 'cpus: 9' is no whole number from 1 to 8")]
    [InlineData("vms: { a: { kernel: k, memory: lots } }", "1:32: 'memory: lots' is no size; write it like 256MiB or 8GiB")]
    [InlineData("vms: { a: { kernel: k, memory: 1MiB } }", "1:32: 'memory:' is a multiple of 2 MiB from 32 MiB to 1 TiB")]
    [InlineData("vms: { a: { kernel: [k] } }", "1:21: 'kernel:' takes a text, not a list")]
    [InlineData("vms: { a: { kernel: k, disks: root } }", "1:31: 'disks:' is a list, not 'root'")]
    [InlineData("vms: [a]", "1:6: 'vms:' is a mapping from names to vms, not a list")]
    [InlineData("vms: { 'a b': { kernel: k } }", "1:8: 'a b' is no name: 1 to 32 letters, digits and hyphens, starting with a letter or digit")]
    [InlineData("images: { d: }", "1:14: image 'd' has neither 'pull:' nor 'kernel:', so nothing to boot; try 'pull: debian-riscv64'")]
    [InlineData("images: { d: { pull: debian-riscv } }", "1:22: 'pull: debian-riscv' is none of debian-riscv64; did you mean 'debian-riscv64'?")]
    [InlineData("switches: { lan: { subnet: 10.0.0.1/24 } }", "1:28: 'subnet: 10.0.0.1/24' has bits set behind its prefix; the network is 10.0.0.0/24")]
    [InlineData("switches: { lan: { ageing: 5 } }", "1:28: 'ageing: 5' is no time; write it like 500ms, 30s or 5m")]
    [InlineData("disks: { d: {} }", "1:13: disk 'd' has no 'file:', 'base:' or 'size:'; an empty disk needs 'size: 8GiB'")]
    [InlineData("disks: { d: { base: debain } }\nimages: { debian: { pull: debian-riscv64 } }", "1:21: there is no image 'debain'; did you mean 'debian'? (a path has a '/' or a '.')")]
    [InlineData("disks: { d: { base: ./x.img } }", "1:21: a base given as a path needs 'base-format: qcow2' or 'base-format: raw' (or vhdx, vhd, vmdk): formats are never guessed")]
    [InlineData("disks: { d: { size: 1000 } }", "1:21: the size of a disk is a multiple of 512 bytes")]
    [InlineData("disks: { d: { size: 1GiB, throttle: {} } }", "1:37: a throttle needs 'iops:' or 'bytes-per-second:'")]
    [InlineData("disks: { d: { size: 1GiB, throttle: { iops: 5, bytes-burst: 1MiB } } }", "1:61: 'bytes-burst:' goes with 'bytes-per-second:'")]
    [InlineData("disks: { d: { size: 1GiB, throttle: { bytes-per-second: 100 } } }", "1:57: 'bytes-per-second:' is at least 64 KiB: a guest gives up on requests that take minutes")]
    [InlineData("disks: { d: { size: 1GiB, copy-on-read: true } }", "1:41: 'copy-on-read:' is for a qcow2 disk with a 'base:': only there is something to copy")]
    [InlineData("disks: { d: { size: 1GiB, cache: 1kB } }", "1:34: 'cache:' is from 1 MiB to 64 GiB")]
    [InlineData("disks: { d: { size: 1GiB, faults: [{ answer: ok }] } }", "1:36: a fault that answers 'ok' needs a 'delay:'")]
    [InlineData("disks: { d: { size: 1GiB, format: vdhx } }", "1:35: 'format: vdhx' is none of qcow2, vhdx, vhd, vmdk, raw; did you mean 'vhdx'?")]
    [InlineData("pool: {}", "1:7: the pool lacks 'limit:' (Most that the disk files of this topology may take on the host together, such as 20GiB)")]
    [InlineData("pool: { limit: 5 }", "1:16: 'limit:' is at least 1 MiB")]
    [InlineData("tests: [{ ping: { from: a } }]\nvms: { a: { kernel: k } }", "1:17: the ping lacks 'to:' (VM, host, router or address that is pinged)")]
    [InlineData("tests: [{ ping: { from: a, to: a } }]\nvms: { a: { kernel: k } }", "1:32: 'a' has no 'address:', so there is nothing to ping; give it one, or name an address here")]
    [InlineData("switches: { a: }\nlinks: [{ a: a, b: a }]", "2:20: this link joins switch 'a' with itself")]
    [InlineData("switches: { a: { spanning-tree: { priority: 5000 } } }", "1:45: 'priority: 5000' is no multiple of 4096; the nearest is 4096")]
    [InlineData("switches: { a: { spanning-tree: { max-age: 40 } } }", "1:44: 'max-age:' is at most 2 x ('forward-delay:' - 1), here 28: a port must not forward before old information has died out")]
    [InlineData("switches: { a: { spanning-tree: rapid } }", "1:33: 'protocol: rapid' is none of rstp, stp")]
    [InlineData("switches: { a: }\ntaps: { t: { to: a, vlan: 1, trunk: all } }", "2:37: a port takes only one of 'vlan:', 'trunk:' and 'tunnel:'; here are vlan and trunk")]
    [InlineData("switches: { a: }\ntaps: { t: { to: a, native: 5 } }", "2:29: 'native: 5' goes with 'trunk:'; for a port of one VLAN write 'vlan: 5'")]
    [InlineData("switches: { a: }\ntaps: { t: { to: a, trunk: '1-3', native: 5 } }", "2:43: VLAN 5 is not among those of 'trunk:'")]
    [InlineData("switches: { a: }\ntaps: { t: { to: a, trunk: '3-1' } }", "2:28: '3-1' in 'trunk: 3-1' is no VLAN; write them like 10,20-29, each from 1 to 4094, or all")]
    [InlineData("switches: { a: }\ntaps: { t: { to: a, police: fast } }", "2:29: 'police: fast' is no rate; write it like 64kbit, 100Mbit or 2.5Gbit")]
    [InlineData("switches: { a: }\ntaps: { t: { to: a, edge: true } }", "2:27: 'edge:' needs 'spanning-tree:' at switch 'a'")]
    [InlineData("switches: { a: }\ntaps: { a-name-of-20-letters: { to: a } }", "2:31: 'a-name-of-20-letters' is no name for an interface of the host; 'interface:' takes 1 to 15 characters without '/', ':', '%' and spaces")]
    [InlineData("switches: { a: }\nstreams: { q: { to: a } }", "2:15: stream 'q' takes either 'listen:' or 'connect:'")]
    [InlineData("switches: { a: }\nstreams: { q: { to: a, connect: 'tcp:nowhere' } }", "2:33: 'connect: tcp:nowhere' is no address; write it like tcp:127.0.0.1:5000 or tcp:[::1]:5000")]
    [InlineData("acls: { x: { rules: [{ action: deny, port: '80' }] } }", "1:44: 'port:' goes with 'protocol: tcp' or 'protocol: udp'")]
    [InlineData("acls: { x: { rules: [{ action: deny, protocol: tcp, port: web }] } }", "1:59: 'port: web' is no port; write it like 80 or 8000-8099")]
    [InlineData("acls: { x: { rules: [{ action: deny, from: 10.0.0.0/8, to: fd00::/8 }] } }", "1:60: no packet goes from 10.0.0.0/8 to fd00::/8: they are of different IP versions")]
    [InlineData("acls: { x: { rules: [{ action: deny, from: fd00::/8, protocol: icmp }] } }", "1:64: no 'icmp' packet has an address in fd00::/8")]
    [InlineData("switches: { a: }\ntaps: { t: { to: a, acl-in: y } }\nacls: { x: }", "2:29: there is no access list 'y'; there is x")]
    [InlineData("switches: { a: { mirrors: { m: { to: t } } } }\ntaps: { t: { to: a } }", "1:32: mirror 'm' copies nothing; it takes 'ports:', 'vlans:' or 'rules: true'")]
    [InlineData("switches: { a: { mirrors: { m: { vlans: '1', to: u } } } }\ntaps: { t: { to: a } }", "1:50: switch 'a' has no port 'u'; it has t")]
    [InlineData("switches: { a: { snooping: { querier: fd00::1 } } }", "1:39: 'querier:' is an IPv4 address; an IPv6 address goes with 'querier6:'")]
    [InlineData("switches: { a: { snooping: { querier6: fd00::1 } } }", "1:40: 'querier6:' is a link-local address, such as fe80::fe: stations ignore queries from others (RFC 3810, 5.1.14)")]
    [InlineData("switches: { a: , b: }\ntests: [{ link: { a: a, b: b, state: down } }]", "2:28: no link joins 'a' and 'b'; declare it in 'links:'")]
    [InlineData("switches: { s: }\nhosts: { h: { to: s, address: 10.0.0.1/24, dhcp: true } }", "2:50: 'dhcp: true' brings the IPv4 address; leave out 'address:' or this")]
    [InlineData("switches: { s: }\nhosts: { h: { to: s, address: fd00::1/64 } }", "2:31: 'address:' is IPv4; an IPv6 address goes with 'address6:'")]
    [InlineData("switches: { s: }\nhosts: { h: { to: s, gateway: 10.0.0.1/24 } }", "2:31: 'gateway:' is one station's address, without prefix length: 10.0.0.1")]
    [InlineData("switches: { s: }\nhosts: { h: { to: s, services: [ecko] } }", "2:33: there is no service 'ecko'; there is echo, sink")]
    [InlineData("vms: { a: { kernel: k } }\nswitches: { s: }\nhosts: { a: { to: s } }", "3:13: 'a' is a vm already; a host needs a name of its own")]
    [InlineData("tests: [{ name: x }]", "1:9: a test step holds exactly one of ping, exec, restart, link, route")]
    [InlineData("vms: 1\nvms: 2", "2:1: not valid YAML: Duplicate key vms")]
    [InlineData("", "1:1: the file holds no topology; it takes name, images, switches, routers, prefix-lists, acls, links, taps, streams, datagrams, interfaces, bonds, sites, overlays, disks, pool, vms, hosts, tests")]
    [InlineData("just text", "1:1: a topology is a mapping of name, images, switches, routers, prefix-lists, acls, links, taps, streams, datagrams, interfaces, bonds, sites, overlays, disks, pool, vms, hosts, tests, not 'just text'")]
    public void One_fault_gives_one_line(string yaml, string fault) => Assert.Equal([fault], TopologyFile.Faults(yaml));

    [Theory]
    [InlineData("address: 10.0.1.1/24", "address 10.0.1.1/24 is outside the subnet 10.0.0.0/24 of switch 'lan'")]
    [InlineData("address: 10.0.0.1/16", "address 10.0.0.1/16 is outside the subnet 10.0.0.0/24 of switch 'lan'")]
    [InlineData("address: 10.0.0.0/24", "10.0.0.0 is the network or broadcast address of 10.0.0.0/24, which no host can have")]
    [InlineData("address: 10.0.0.255", "10.0.0.255 is the network or broadcast address of 10.0.0.0/24, which no host can have")]
    [InlineData("address: 10.0.0.2/24", "address 10.0.0.2 is taken by vm 'other' on switch 'lan'")]
    [InlineData("address: 10.0.0", "'address: 10.0.0' is no address; write it like 10.0.0.1/24 or fd00::1/64")]
    [InlineData("address: 10.0.0.1/33", "'address: 10.0.0.1/33' is no address; write it like 10.0.0.1/24 or fd00::1/64")]
    [InlineData("address: fd00::1", "address fd00::1 lacks its prefix length; write it like fd00::1/64, or give switch 'v6' a 'subnet:'", "v6")]
    [InlineData("mac: '52:54:00:aa:bb:cc'", "the Ethernet address 52:54:00:aa:bb:cc is taken by a NIC of vm 'other'")]
    [InlineData("mac: '00:00:00:00:00:00'", "'mac: 00:00:00:00:00:00' is nobody's address; a NIC's own is one like 52:54:00:12:34:56")]
    [InlineData("mac: '01:00:5e:00:00:01'", "'mac: 01:00:5e:00:00:01' is a group address; the first octet of a NIC's own address is even, such as 52:54:00:12:34:56")]
    [InlineData("mac: 5254", "'mac: 5254' is no Ethernet address; write it like 52:54:00:12:34:56")]
    public void A_NIC_that_cannot_be_is_refused(string field, string fault, string to = "lan")
    {
        string[] faults = TopologyFile.Faults($$"""
            switches: { lan: { subnet: 10.0.0.0/24 }, v6: }
            vms:
              other: { kernel: k, nics: [{ to: lan, mac: "52-54-00-AA-BB-CC", address: 10.0.0.2 }] }
              vm: { kernel: k, nics: [{ to: {{to}}, {{field}} }] }
            """);
        Assert.Equal(fault, Assert.Single(faults).Split(": ", 2)[1]);
        Assert.StartsWith("4:", faults[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_writable_disk_belongs_to_one_machine()
    {
        string[] faults = TopologyFile.Faults("""
            disks: { d: { size: 1GiB }, ro: { file: x.raw, format: raw, readonly: true } }
            vms:
              a: { kernel: k, disks: [d, ro] }
              b: { kernel: k, disks: [ro, d] }
            """);
        Assert.Equal(["4:31: disk 'd' is already a disk of vm 'a'; only a 'readonly: true' disk can be shared"], faults);
    }

    [Fact]
    public void All_faults_of_a_file_are_reported_in_its_order()
    {
        string[] faults = TopologyFile.Faults("""
            vms:
              a: { kernel: k, cpus: 0, nics: [{ to: nowhere }] }
              b: { kernel: k, bogus: 1 }
            nmae: lab
            """);
        Assert.Equal(["2:25", "2:41", "3:19", "4:1"], faults.Select(fault => fault[..fault.IndexOf(": ", StringComparison.Ordinal)]));
    }

    [Fact]
    public void Broken_YAML_names_its_place()
    {
        string fault = Assert.Single(TopologyFile.Faults("vms:\n  a: { kernel: k\n  b: 1\n"));
        Assert.Matches(@"^[23]:\d+: not valid YAML: ", fault);
    }

    /// <summary>Whatever bytes stand in the file, the answer is a model or a list of faults.</summary>
    [Fact]
    public void Mutated_files_never_throw_anything_else()
    {
        Random random = new(int.Parse(Environment.GetEnvironmentVariable("FABRIC_TEST_SEED") ?? "1"));
        int count = int.Parse(Environment.GetEnvironmentVariable("FABRIC_TEST_COUNT") ?? "2000");
        const string lab = "name: lab\nimages: { d: { pull: debian-riscv64 } }\nswitches:\n  lan: { subnet: 10.0.0.0/24 }\ndisks: { r: { base: d } }\n"
            + "vms:\n  a: &x\n    image: d\n    disks: [r]\n    nics:\n      - { to: lan, address: 10.0.0.1 }\n  b: { <<: *x, disks: [] }\ntests:\n  - ping: { from: a, to: a }\n";
        const string alphabet = "{}[]:,-&*!|>'\"%@`#?\n\t ~<ab0\u0000\u00e9";
        for (int i = 0; i < count; i++)
        {
            char[] text = lab.ToCharArray();
            for (int edits = random.Next(1, 6); edits > 0; edits--)
                text[random.Next(text.Length)] = alphabet[random.Next(alphabet.Length)];
            try
            {
                TopologyFile.Load(new string(text));
            }
            catch (TopologyException e)
            {
                Assert.All(e.Errors, error => Assert.True(error.Line > 0 && error.Column > 0 && error.Message.Length > 0));
            }
        }
    }

    [Fact]
    public void A_missing_file_is_one_line()
    {
        TopologyException e = Assert.Throws<TopologyException>(() => TopologyLoader.Load("/nonexistent/lab.yaml"));
        Assert.Equal("/nonexistent/lab.yaml:1:1: there is no such file", e.Message);
    }
}
