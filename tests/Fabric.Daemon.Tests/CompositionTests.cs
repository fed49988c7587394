using System.Net;
using System.Net.NetworkInformation;
using Fabric.Daemon.Composition;
using Fabric.Daemon.Control;
using Fabric.Topology;

namespace Fabric.Daemon.Tests;

public sealed class CompositionTests
{
    [Fact]
    public void AGuestIsToldItsNameItsAddressesAndItsNeighbours()
    {
        VmModel alice = Vm("alice", new NicModel("lan", PhysicalAddress.Parse("52-54-00-AA-00-01"), IPAddress.Parse("10.0.0.1"), 24), new NicModel("wide", PhysicalAddress.Parse("52-54-00-AA-00-02"), IPAddress.Parse("fd00::1"), 64));
        VmModel bob = Vm("bob", new NicModel("lan", PhysicalAddress.Parse("52-54-00-BB-00-01"), IPAddress.Parse("10.0.0.2"), 24));
        VmModel mute = Vm("mute", new NicModel("lan", PhysicalAddress.Parse("52-54-00-CC-00-01"), null, 0));
        TopologyModel model = new()
        {
            Name = "lab",
            SourcePath = "/lab.yaml",
            Images = new Dictionary<string, ImageModel>(),
            Switches = new Dictionary<string, SwitchModel> { ["lan"] = new("lan", 1500, TimeSpan.FromSeconds(300), null), ["wide"] = new("wide", 9000, TimeSpan.FromSeconds(300), null) },
            Disks = new Dictionary<string, DiskModel>(),
            Vms = new[] { alice, bob, mute }.ToDictionary(v => v.Name),
            Tests = [],
        };
        Assert.Equal(
            "fabric.hostname=alice fabric.nic=52:54:00:aa:00:01,10.0.0.1/24 fabric.nic=52:54:00:aa:00:02,fd00::1/64,9000 fabric.host=bob,10.0.0.2",
            BootSource.GuestArguments(model, alice));
    }

    [Fact]
    public void AGuestIsToldToTakeItsAddressesFromOthersIfItsImageCan()
    {
        PhysicalAddress mac = PhysicalAddress.Parse("52-54-00-AA-00-01");
        VmModel alice = Vm("alice", new NicModel("lan", mac, null, 0) { UseDhcp = true, Autoconfigure = true, Lease = IPAddress.Parse("10.0.0.5") });
        VmModel bob = Vm("bob", new NicModel("lan", PhysicalAddress.Parse("52-54-00-BB-00-01"), IPAddress.Parse("fd00::2"), 64) { UseDhcp = true });
        TopologyModel model = new()
        {
            Name = "lab",
            SourcePath = "/lab.yaml",
            Images = new Dictionary<string, ImageModel>(),
            Switches = new Dictionary<string, SwitchModel> { ["lan"] = new("lan", 1400, TimeSpan.FromSeconds(300), null) },
            Disks = new Dictionary<string, DiskModel>(),
            Vms = new[] { alice, bob }.ToDictionary(v => v.Name),
            Tests = [],
        };
        GuestFiles image = new("/kernel", "/initrd", "quiet", null, Disk.DiskFormat.Raw, HasAgent: true) { HasDhcpClient = true };
        Assert.Equal(
            "quiet fabric.hostname=alice fabric.nic=52:54:00:aa:00:01,auto,1400 fabric.nic=52:54:00:aa:00:01,dhcp,1400 fabric.host=bob,fd00::2",
            BootSource.Of(model, alice, image).Cmdline);
        Assert.EndsWith(" fabric.nic=52:54:00:bb:00:01,dhcp,1400 fabric.nic=52:54:00:bb:00:01,fd00::2/64,1400 fabric.host=alice,10.0.0.5", BootSource.Of(model, bob, image).Cmdline);
        DaemonException old = Assert.Throws<DaemonException>(() => BootSource.Of(model, alice, image with { HasDhcpClient = false }));
        Assert.StartsWith("alice: its root disk was made over an older image, without a DHCP client", old.Message);
    }

    [Fact]
    public void AvailableMemoryIsReadFromTheKernelsTable() =>
        Assert.Equal(23_696L << 20, HostMemory.ReadMemAvailable(["MemTotal:       24683520 kB", "MemFree:        23805000 kB", $"MemAvailable:   {23_696 * 1024} kB"]));

    [Fact]
    public void AFolderThatIsALinkIsRefused()
    {
        string home = Directory.CreateTempSubdirectory("fab-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(home, "real"));
            File.CreateSymbolicLink(Path.Combine(home, "fabric"), Path.Combine(home, "real"));
            Assert.Contains("is not a folder of yours", Assert.Throws<DaemonException>(() => RuntimeFolder.Open(Path.Combine(home, "fabric"))).Message);
        }
        finally
        {
            Directory.Delete(home, recursive: true);
        }
    }

    [Fact]
    public void AFolderThatOthersMayReadIsClosed()
    {
        string path = Directory.CreateTempSubdirectory("fab-").FullName;
        try
        {
            File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
            RuntimeFolder.Open(path);
            Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(path));
        }
        finally
        {
            Directory.Delete(path);
        }
    }

    [Fact]
    public void ASocketPathThatIsTooLongIsExplained()
    {
        string path = Directory.CreateTempSubdirectory("fab-").FullName;
        Assert.Contains("too long for a socket", Assert.Throws<DaemonException>(() => RuntimeFolder.Open(path).SocketOf(new string('x', 100))).Message);
        Directory.Delete(path);
    }

    private static VmModel Vm(string name, params NicModel[] nics) =>
        new() { Name = name, Cpus = 1, MemoryBytes = 256 << 20, Disks = [], Nics = nics };
}
