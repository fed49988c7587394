namespace Fabric.Scenarios.Tests;

/// <summary>A guest of QEMU and guests of the bundled machine on one switch, whatever offloads each of them uses.</summary>
[Collection(nameof(Machines))]
public class QemuPeerTests
{
    private const int Bytes = 4 << 20;

    [SkippableFact]
    public async Task Guests_with_and_without_offloads_exchange_data_unchanged_with_each_other_and_with_QEMU()
    {
        Lab.NeedProgram("qemu-img", "qemu-utils");
        Lab.NeedProgram(QemuGuest.Program, "qemu-system-misc");
        await using Lab lab = new();
        await Lab.NeedDebianAsync();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fabric-qemu-");
        try
        {
            string socket = Path.Combine(folder.FullName, "switch.sock");
            await lab.SucceedAsync("up", lab.Write("mixed.yaml", $$"""
                name: mixed
                images: { debian: { pull: debian-riscv64 } }
                switches: { lan: { subnet: 10.0.0.0/24 } }
                streams: { quebec: { to: lan, listen: {{socket}} } }
                disks: { a: { base: debian }, b: { base: debian }, c: { base: debian } }
                vms:
                  full: { image: debian, memory: 256MiB, disks: [a], nics: [{ to: lan, address: 10.0.0.1, offloads: all }] }
                  sums: { image: debian, memory: 256MiB, disks: [b], nics: [{ to: lan, address: 10.0.0.2, offloads: checksum }] }
                  bare: { image: debian, memory: 256MiB, disks: [c], nics: [{ to: lan, address: 10.0.0.3, offloads: none }] }
                """));
            await using QemuGuest quebec = await QemuGuest.StartAsync(folder.FullName, socket, "10.0.0.7/24");
            Func<string, Task<string>>[] guests = [command => lab.InGuestAsync("full", command), command => lab.InGuestAsync("sums", command), command => lab.InGuestAsync("bare", command)];

            for (int i = 0; i < guests.Length; i++)
            {
                await TransferAsync(guests[i], quebec.InGuestAsync, "10.0.0.7");
                await TransferAsync(quebec.InGuestAsync, guests[i], $"10.0.0.{i + 1}");
            }

            await TransferAsync(guests[0], guests[2], "10.0.0.3");
            await TransferAsync(guests[2], guests[0], "10.0.0.1");
            await TransferAsync(guests[1], guests[0], "10.0.0.1");
            await quebec.InGuestAsync("iperf3 -s -D -1");
            string iperf = await lab.InGuestAsync("full", "for i in 1 2 3 4 5; do iperf3 -c 10.0.0.7 -t 3 -J && exit 0; busybox usleep 500000; done; exit 1");
            Assert.Contains("bits_per_second", iperf, StringComparison.Ordinal);
            await lab.SucceedAsync("down");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // The receiver's standard input stays open: nc takes its end for the end of everything.
    private static async Task TransferAsync(Func<string, Task<string>> from, Func<string, Task<string>> to, string address)
    {
        Task<string> received = to("rm -f /tmp/quiet; mkfifo /tmp/quiet; exec 9<> /tmp/quiet; busybox nc -l -p 5000 < /tmp/quiet | md5sum");
        await to("for i in $(busybox seq 300); do grep -q ':1388 .* 0A ' /proc/net/tcp /proc/net/tcp6 && exit 0; busybox usleep 100000; done; exit 1");
        string sent = await from($"test -f /root/blob || head -c {Bytes} /dev/urandom > /root/blob; busybox nc {address} 5000 < /root/blob; md5sum < /root/blob");
        Assert.Equal(sent.Split(' ')[0], (await received).Split(' ')[0]);
    }
}
