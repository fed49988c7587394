using System.Diagnostics;
using System.Globalization;

namespace Fabric.Scenarios.Tests;

/// <summary>The process is killed while its guest writes. FABRIC_CRASH_COUNT sets how often (20 before a release), FABRIC_TEST_SEED when.</summary>
[Collection(nameof(Machines))]
public class CrashTests
{
    private const string Topology = """
        name: crash
        images: { debian: { pull: debian-riscv64 } }
        disks: { root: { base: debian, size: 1GiB } }
        vms: { writer: { image: debian, memory: 192MiB, disks: [root] } }
        """;

    /// <summary>Writes for ever: new files, overwritten ones, removed ones, each followed by a sync now and then.</summary>
    private const string Writer =
        "i=0; while :; do i=$((i+1)); head -c $((i % 7 * 65536 + 4096)) /dev/urandom > /root/w/$((i % 40)); "
        + "[ $((i % 5)) = 0 ] && rm -f /root/w/$((i / 5 % 40)); [ $((i % 9)) = 0 ] && sync; done";

    [SkippableFact]
    public async Task A_killed_host_process_costs_no_synced_data_and_corrupts_nothing()
    {
        Lab.NeedProgram("qemu-img", "qemu-utils");
        int count = int.Parse(Environment.GetEnvironmentVariable("FABRIC_CRASH_COUNT") ?? "2", CultureInfo.InvariantCulture);
        Random random = new(int.Parse(Environment.GetEnvironmentVariable("FABRIC_TEST_SEED") ?? "1", CultureInfo.InvariantCulture));
        await using Lab lab = new();
        await Lab.NeedDebianAsync();
        string file = lab.Write("crash.yaml", Topology);
        string overlay = Path.Combine(lab.Disks("crash"), "root.qcow2");

        for (int round = 1; round <= count; round++)
        {
            await lab.SucceedAsync("up", file);
            if (round > 1)
                await JudgeRecoveryAsync(lab, round);
            await lab.InGuestAsync("writer", $"mkdir -p /root/w /root/kept; head -c 300000 /dev/urandom > /root/kept/{round}; md5sum /root/kept/* > /root/sums; sync");
            using Process daemon = await lab.DaemonAsync("crash");
            await lab.InGuestAsync("writer", $"({Writer}) > /dev/null 2>&1 &");
            Task<CommandResult> watching = lab.FabricAsync("exec", "writer", "--", "sh", "-c", "while :; do busybox usleep 50000; done");
            await Task.WhenAny(watching.WaitAsync(TimeSpan.FromMilliseconds(random.Next(200, 6000))));
            daemon.Kill();
            await daemon.WaitForExitAsync();
            Assert.NotEqual(0, (await watching).Status);
            await Judge.AtMostLeaksAsync(overlay);
        }

        await lab.SucceedAsync("up", file);
        await JudgeRecoveryAsync(lab, count + 1);
        await lab.SucceedAsync("down");
        await Judge.AtMostLeaksAsync(overlay);
    }

    private static async Task JudgeRecoveryAsync(Lab lab, int round)
    {
        Assert.Contains("recovery complete", await lab.InGuestAsync("writer", "dmesg"), StringComparison.Ordinal);
        string sums = await lab.InGuestAsync("writer", "md5sum -c /root/sums");
        Assert.Equal(round - 1, sums.Split('\n').Count(line => line.EndsWith(": OK", StringComparison.Ordinal)));
        Assert.DoesNotContain("EXT4-fs error", await lab.InGuestAsync("writer", "dmesg"), StringComparison.Ordinal);
    }
}
