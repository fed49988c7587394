using Fabric.Interop.Tests.Peers;

namespace Fabric.Scenarios.Tests.Overlays;

/// <summary>Two machines that share a segment, a guest on each: namespaces for machines, joined by a cable, a daemon with a state of its own
/// for each. The western one has cables to two more machines, which are not ours: a Linux kernel's vxlan interface and an Open vSwitch.
/// The guests are booted once, for whoever asks first.</summary>
/// <remarks>
/// <code>
///   alice ─ west-lan ─┬─ blue, VNI 100 ──(west under ═ east under)── east-lan ─┬─ bob
///   TAP of "here" ────┤                                                        └── TAP of "there"
///                     ├─ kernel, VNI 200 ─(west kern ═ linux under)── vx
///                     └─ vswitch, VNI 300 (west ovs ═ vswitch under)── lan
/// </code>
/// West's daemon is in the namespace of the test, and its tunnels in that of the site; east's is wholly in its own.
/// </remarks>
public sealed class TwoSites : IAsyncDisposable, IAsyncLifetime
{
    internal const string Alice = "10.9.0.1";
    internal const string Bob = "10.9.0.2";
    internal const string Kernel = "10.9.0.3";
    internal const string Vswitch = "10.9.0.4";

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Stack<IDisposable> _owned = new();
    private TestNamespace? _west;
    private TestNamespace? _east;
    private Lab? _westLab;
    private Lab? _eastLab;
    private Exception? _failure;
    private bool _isUp;

    internal Lab West => _westLab!;

    internal Lab East => _eastLab!;

    /// <summary>West's machine: its ends of the cables are <c>under</c>, <c>kern</c> and <c>ovs</c>.</summary>
    internal TestNamespace WestMachine => _west!;

    /// <summary>East's machine.</summary>
    internal TestNamespace EastMachine => _east!;

    /// <summary>A host at west that has no address yet.</summary>
    internal TestNamespace Here { get; private set; } = null!;

    /// <summary>A host at east that has no address yet.</summary>
    internal TestNamespace There { get; private set; } = null!;

    /// <summary>A machine with a vxlan interface of the kernel.</summary>
    internal TestNamespace Linux { get; private set; } = null!;

    /// <summary>A machine with a cable for an Open vSwitch.</summary>
    internal TestNamespace VswitchMachine { get; private set; } = null!;

    /// <summary>Runs a command in west's guest.</summary>
    internal Task<string> InAlice(string command) => West.InGuestAsync("alice", command);

    /// <summary>Runs a command in east's guest.</summary>
    internal Task<string> InBob(string command) => East.InGuestAsync("bob", command);

    /// <summary>Makes sure that both sites are up; skips the test where that cannot be.</summary>
    internal async Task NeedAsync()
    {
        HostTool.Need("ip", "iproute2");
        await Lab.NeedDebianAsync();
        await _gate.WaitAsync();
        try
        {
            if (_failure is not null)
                throw new InvalidOperationException("The sites did not come up for an earlier test.", _failure);
            if (!_isUp)
                await BeginAsync();
            _isUp = true;
        }
        catch (Exception e) when (_failure is null)
        {
            _failure = e;
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    public Task InitializeAsync() => Task.CompletedTask;

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    /// <summary>Takes all down, and sees that nothing is left.</summary>
    public async ValueTask DisposeAsync()
    {
        string left = "";
        try
        {
            foreach (Lab? lab in (Lab?[])[_westLab, _eastLab])
            {
                if (lab is not null)
                    await lab.DisposeAsync();
            }

            foreach (TestNamespace space in (TestNamespace[])(_west is null ? [] : [_west, _east!, Here, There]))
                left += HostTool.Expect("ip", "netns", "pids", space.Name) + space.Expect("ss", "-Hlun") + HostTool.Expect("ip", "-n", space.Name, "-br", "link", "show", "type", "tun");
        }
        finally
        {
            (_west, _westLab, _eastLab) = (null, null, null);
            while (_owned.TryPop(out IDisposable? owned))
                owned.Dispose();
        }

        Assert.True(left.Length == 0, $"processes, sockets or TAPs were left: {left}");
    }

    private async Task BeginAsync()
    {
        (_east, Linux, VswitchMachine, Here, There, _west) = (Make(), Make(), Make(), Make(), Make(), Make());
        Join(_west, "under", "10.7.0.1", _east, "10.7.0.2");
        Join(_west, "kern", "10.8.0.1", Linux, "10.8.0.2");
        Join(_west, "ovs", "10.6.0.1", VswitchMachine, "10.6.0.2");
        _westLab = new Lab();
        _eastLab = new Lab(_east.Name);
        string text = Topology(_west.Name, Here.Name, There.Name);
        await Task.WhenAll(
            _westLab.SucceedAsync("up", _westLab.Write("two.yaml", text), "--site", "west"),
            _eastLab.SucceedAsync("up", _eastLab.Write("two.yaml", text), "--site", "east"));
    }

    private TestNamespace Make()
    {
        TestNamespace space = new();
        _owned.Push(space);
        return space;
    }

    private static void Join(TestNamespace near, string name, string nearAddress, TestNamespace far, string farAddress)
    {
        HostTool.Expect("ip", "link", "add", name, "netns", near.Name, "type", "veth", "peer", "name", "under", "netns", far.Name);
        foreach ((TestNamespace space, string end, string address) in ((TestNamespace, string, string)[])[(near, name, nearAddress), (far, "under", farAddress)])
        {
            space.Ip("addr", "add", $"{address}/24", "dev", end);
            space.Ip("link", "set", end, "up");
        }
    }

    private static string Topology(string west, string here, string there) => $$"""
        name: two
        sites:
          west: { address: 10.7.0.1, netns: {{west}}, switches: [west-lan] }
          east: { address: 10.7.0.2, switches: [east-lan] }
        images: { debian: { pull: debian-riscv64 } }
        switches:
          west-lan: { subnet: 10.9.0.0/24 }
          east-lan: { subnet: 10.9.0.0/24 }
        overlays:
          blue: { vni: 100, members: [west-lan, east-lan] }
          kernel: { vni: 200, to: west-lan, local: 10.8.0.1, netns: {{west}}, remotes: [10.8.0.2] }
          vswitch: { vni: 300, to: west-lan, local: 10.6.0.1, netns: {{west}}, remotes: [10.6.0.2] }
        disks: { a: { base: debian }, b: { base: debian } }
        vms:
          alice: { image: debian, memory: 256MiB, disks: [a], nics: [{ to: west-lan, address: {{Alice}} }] }
          bob: { image: debian, memory: 256MiB, disks: [b], nics: [{ to: east-lan, address: {{Bob}} }] }
        taps:
          here: { to: west-lan, netns: {{here}}, interface: eth0 }
          there: { to: east-lan, netns: {{there}}, interface: eth0 }
        """;
}
