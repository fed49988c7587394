using System.Xml.Linq;

namespace Fabric.Scenarios.Tests;

/// <summary>The first path, as a new user walks it: two stock Debian guests from the shipped file.</summary>
[Collection(nameof(Machines))]
public class QuickstartTests
{
    private static readonly string File = Path.Combine(Checkout.Root, "topologies/quickstart.yaml");

    [SkippableTheory]
    [InlineData("quickstart", "qcow2", 64 << 20)]
    [InlineData("quickstart-vhdx", "vhdx", 160 << 20)]
    public async Task Its_own_tests_pass_and_leave_clean_thin_disks_and_an_untouched_base(string topology, string format, long mostDiskBytes)
    {
        Lab.NeedProgram("qemu-img", "qemu-utils");
        await using Lab lab = new();
        string baseDisk = await Lab.NeedDebianAsync();
        string before = await Judge.DigestAsync(baseDisk);
        string report = lab.Write("junit.xml", "");

        string output = await lab.SucceedAsync("test", Path.Combine(Checkout.Root, $"topologies/{topology}.yaml"), "--junit", report);

        Assert.Contains("0 failed", output, StringComparison.Ordinal);
        XElement[] cases = [.. XDocument.Load(report).Descendants("testcase")];
        Assert.Equal(5, cases.Length);
        Assert.DoesNotContain(cases, test => test.Elements("failure").Any());
        Assert.Equal(before, await Judge.DigestAsync(baseDisk));
        string[] disks = Directory.GetFiles(lab.Disks(topology), $"*.{format}");
        Assert.Equal(2, disks.Length);
        foreach (string disk in disks)
        {
            await Judge.CleanAsync(disk);
            Assert.InRange(await Judge.AllocatedAsync(disk), 1, mostDiskBytes);
        }

        Assert.Empty(Directory.GetFiles(lab.Runtime, "*.sock"));
    }

    [SkippableFact]
    public async Task Bulk_data_crosses_the_switch_unchanged_and_the_guests_keep_it()
    {
        Lab.NeedProgram("qemu-img", "qemu-utils");
        await using Lab lab = new();
        await Lab.NeedDebianAsync();
        string up = await lab.SucceedAsync("up", File);
        Assert.Contains("fabric exec alice", up, StringComparison.Ordinal);

        // TCP through partial checksums and super-frames: 64 MiB of random bytes, summed on both sides. The receiver's standard input
        // stays open: nc takes its end for the end of everything.
        await lab.InGuestAsync("alice", "head -c 67108864 /dev/urandom > /root/blob");
        Task<string> received = lab.InGuestAsync("bob", "mkfifo /tmp/quiet; exec 9<> /tmp/quiet; busybox nc -l -p 5000 < /tmp/quiet | md5sum");
        await lab.InGuestAsync("bob", "for i in $(busybox seq 100); do grep -q :1388 /proc/net/tcp /proc/net/tcp6 && exit 0; busybox usleep 100000; done; exit 1");
        string sent = await lab.InGuestAsync("alice", "busybox nc 10.0.0.2 5000 < /root/blob; md5sum < /root/blob");
        Assert.Equal(sent.Split(' ')[0], (await received).Split(' ')[0]);

        await lab.InGuestAsync("bob", "iperf3 -s -D -1");
        string iperf = await lab.InGuestAsync("alice", "for i in 1 2 3 4 5; do iperf3 -c 10.0.0.2 -t 3 -J && exit 0; busybox usleep 500000; done; exit 1");
        Assert.Contains("bits_per_second", iperf, StringComparison.Ordinal);

        await lab.SucceedAsync("down");
        foreach (string overlay in Directory.GetFiles(lab.Disks("quickstart"), "*.qcow2"))
            await Judge.CleanAsync(overlay);
    }
}
