using System.Diagnostics;
using System.Text;

namespace Fabric.Images.Tests;

/// <summary>The real image, in a machine that is not ours.</summary>
public class GuestBootTests
{
    private const string Mac = "52:54:00:12:34:56";
    private const string SecondMac = "52:54:00:12:34:57";
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    [SkippableFact]
    public async Task The_pulled_guest_boots_sets_itself_up_and_switches_off()
    {
        Skip.IfNot(Tool.IsThere("qemu-system-riscv64"), "needs the package qemu-system-misc");
        GuestImage image = await ObtainAsync();
        using TemporaryDirectory place = new();
        string console = await RunAsync(image, place, """
            cat /proc/sys/kernel/hostname; ip -br addr show eth0; cat /sys/class/net/eth0/mtu; ping -c 1 -w 5 peer > /dev/null; grep peer /etc/hosts;
            ip link add br0 type bridge && echo made a bridge; df -m / | tail -1 | while read -r _ size _; do [ $size -gt 900 ] && echo the disk has grown; done;
            echo the agent is $(pidof perl > /dev/null && echo there);
            for i in $(seq 300); do grep -q nameserver /etc/resolv.conf && ip -6 -br addr | grep -q fd07: && break; usleep 100000; done;
            cat /etc/resolv.conf; { ip -4 -br addr; ip -6 -br addr; ip route show default; } | cat;
            ip link add d0 type dummy; export interface=d0 ip=10.7.0.9 mask=24 lease=4294967295 mtu=1300; act=/usr/lib/fabric/lease;
            $act deconfig; router=10.7.0.1 dns=10.7.0.1 $act bound; dns=10.7.0.2 router=10.7.0.1 staticroutes="10.8.0.0/16 10.7.0.2 10.9.0.0/24 0.0.0.0" domain=lab.test $act renew;
            { ip -o -4 addr show d0; ip route show dev d0; } | cat; sort /etc/resolv.conf; cat /sys/class/net/d0/mtu; $act deconfig; echo after: $(ip -4 addr show d0) $(cat /etc/resolv.conf); poweroff
            """);
        foreach (string expected in new[]
        {
            "fabric: /init", "guest-a", "10.9.8.7/24", "1400", "10.9.8.1 peer", "made a bridge", "the disk has grown", "the agent is there", "Power down",
            // By QEMU's DHCP server and router advertisements.
            "nameserver 10.9.7.3", "10.9.7.15/24", "fd07::5054:ff:fe12:3457/64", "default via 10.9.7.2", "proto dhcp metric",
            // What that server does not tell, by hand.
            "10.7.0.9/24", "10.8.0.0/16 via 10.7.0.2", "10.9.0.0/24 proto dhcp scope link metric", "search lab.test", "\n1300", "after: nameserver 10.9.7.3",
        })
            Assert.Contains(expected, console, StringComparison.Ordinal);
    }

    private static async Task<GuestImage> ObtainAsync()
    {
        ImageStore store = new();
        try
        {
            return store.Find("debian-riscv64") is { HasDhcpClient: true } present ? present : await store.PullAsync("debian-riscv64");
        }
        catch (ImageException e)
        {
            Skip.If(true, $"the image cannot be had here: {e.Message}");
            throw;
        }
    }

    private static async Task<string> RunAsync(GuestImage image, TemporaryDirectory place, string script)
    {
        string overlay = place["disk.raw"];
        Tool.Run("cp", $"--sparse=always {image.BaseDisk} {overlay}");
        Tool.Run("chmod", $"u+w {overlay}");
        Tool.Run("truncate", $"-s 1G {overlay}");
        ProcessStartInfo start = new("qemu-system-riscv64") { RedirectStandardInput = true, RedirectStandardOutput = true };
        string[] arguments =
        [
            "-M", "virt", "-m", "512", "-nographic", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-kernel", image.Kernel, "-initrd", image.Initrd,
            "-append", $"{image.Cmdline.Replace("quiet ", "", StringComparison.Ordinal)} fabric.hostname=guest-a fabric.nic={Mac},10.9.8.7/24,1400 fabric.host=peer,10.9.8.1 fabric.nic={SecondMac},auto fabric.nic={SecondMac},dhcp",
            "-global", "virtio-mmio.force-legacy=false", "-drive", $"if=none,id=d,format=raw,file={overlay}", "-device", "virtio-blk-device,drive=d",
            "-netdev", "user,id=m,ipv4=on,net=10.9.7.0/24,ipv6=on,ipv6-net=fd07::/64", "-device", $"virtio-net-device,netdev=m,mac={SecondMac}",
            "-netdev", "user,id=n,restrict=on,net=10.9.8.0/24", "-device", $"virtio-net-device,netdev=n,mac={Mac}", "-device", "virtio-serial-device",
            "-chardev", "null,id=a", "-device", "virtserialport,chardev=a,name=org.fabric.agent",
        ];
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        using CancellationTokenSource patience = new(s_patience);
        StringBuilder console = new();
        try
        {
            char[] buffer = new char[4096];
            bool isAsked = false;
            int count;
            while ((count = await process.StandardOutput.ReadAsync(buffer, patience.Token)) > 0)
            {
                console.Append(buffer, 0, count);
                if (isAsked || !console.ToString().Contains("root@guest-a", StringComparison.Ordinal))
                    continue;
                isAsked = true;
                await process.StandardInput.WriteAsync(script.ReplaceLineEndings(" ") + "\n");
                await process.StandardInput.FlushAsync(patience.Token);
            }

            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"no end after {s_patience}; the console said:\n{console}");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        return console.ToString();
    }
}
