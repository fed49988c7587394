using System.Diagnostics;
using System.Globalization;

namespace Fabric.Scenarios.Tests;

/// <summary>Snapshots of guests that write, limits that guests run into, and merges that are killed.</summary>
[Collection(nameof(Machines))]
public class SnapshotTests
{
    /// <summary>Counts in a file for ever: the number is on the disk before it is told, and other files come and go meanwhile.</summary>
    private const string Counter =
        "mkdir -p /root/w; i=0; while :; do i=$((i+1)); echo $i > /root/count.new; sync; mv /root/count.new /root/count; sync; echo $i > /run/told.new; mv /run/told.new /run/told; "
        + "head -c $((i % 7 * 65536 + 4096)) /dev/urandom > /root/w/$((i % 20)); [ $((i % 5)) = 0 ] && rm -f /root/w/$((i / 5 % 20)); done";

    [SkippableFact]
    public async Task A_snapshot_taken_while_a_guest_writes_is_an_instant_between_two_of_its_syncs()
    {
        Lab.NeedProgram("qemu-img", "qemu-utils");
        Lab.NeedProgram("e2fsck", "e2fsprogs");
        await using Lab lab = new();
        await Lab.NeedDebianAsync();
        string file = lab.Write("snap.yaml", """
            name: snap
            images: { debian: { pull: debian-riscv64 } }
            disks: { root: { base: debian, size: 1GiB } }
            vms: { writer: { image: debian, memory: 192MiB, disks: [root] } }
            """);
        await lab.SucceedAsync("up", file);
        await lab.InGuestAsync("writer", "mkdir -p /root/kept; head -c 300000 /dev/urandom > /root/kept/a; md5sum /root/kept/* > /root/sums; sync");
        await lab.InGuestAsync("writer", $"({Counter}) > /dev/null 2>&1 &");
        await lab.InGuestAsync("writer", "until [ -s /run/told ] && [ $(cat /run/told) -ge 3 ]; do busybox usleep 100000; done");

        int before = await CountAsync(lab, "/run/told");
        await lab.SucceedAsync("snapshot", "create", "busy");
        int after = await CountAsync(lab, "/run/told");
        await lab.InGuestAsync("writer", $"until [ $(cat /run/told) -ge {after + 2} ]; do busybox usleep 100000; done; rm -rf /root/kept; sync");
        Assert.Contains("busy", await lab.SucceedAsync("snapshot", "list"), StringComparison.Ordinal);
        await lab.SucceedAsync("snapshot", "revert", "busy");

        Assert.InRange(await CountAsync(lab, "/root/count"), before, after + 1);
        Assert.Contains("/root/kept/a: OK", await lab.InGuestAsync("writer", "md5sum -c /root/sums"), StringComparison.Ordinal);
        Assert.DoesNotContain("EXT4-fs error", await lab.InGuestAsync("writer", "dmesg"), StringComparison.Ordinal);
        await lab.SucceedAsync("snapshot", "delete", "busy");
        Assert.InRange(await CountAsync(lab, "/root/count"), before, after + 1);
        await lab.SucceedAsync("down");
        string disk = Path.Combine(lab.Disks("snap"), "root.qcow2");
        await Judge.CleanAsync(disk);
        await Judge.SoundFileSystemAsync(disk, "qcow2", lab.Write("scratch.img", ""));
    }

    [SkippableFact]
    public async Task A_guest_that_meets_the_pools_limit_gets_errors_for_new_blocks_and_nothing_else_suffers()
    {
        Lab.NeedProgram("qemu-img", "qemu-utils");
        await using Lab lab = new();
        await Lab.NeedDebianAsync();
        string file = lab.Write("full.yaml", """
            name: full
            pool: { limit: 40MiB }
            images: { debian: { pull: debian-riscv64 } }
            disks: { root: { base: debian, size: 1GiB }, data: { size: 1GiB }, other: { size: 64MiB } }
            vms: { writer: { image: debian, memory: 192MiB, disks: [root, data, other] } }
            """);
        await lab.SucceedAsync("up", file);
        await lab.InGuestAsync("writer", "head -c 1048576 /dev/urandom > /run/one; busybox dd if=/run/one of=/dev/vdc bs=64k conv=fsync,notrunc 2>&1");

        CommandResult filling = await lab.FabricAsync("exec", "writer", "--", "sh", "-c", "busybox dd if=/dev/vda of=/dev/vdb bs=64k count=2000 conv=fsync,notrunc");

        Assert.NotEqual(0, filling.Status);
        Assert.Contains("error", filling.Output + filling.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("I/O error, dev vdb", await lab.InGuestAsync("writer", "dmesg"), StringComparison.Ordinal);
        Assert.Contains("refused with an I/O error", await lab.SucceedAsync("status"), StringComparison.Ordinal);
        string sums = await lab.InGuestAsync(
            "writer",
            "head -c 1048576 /dev/urandom > /run/two; busybox dd if=/run/two of=/dev/vdc bs=64k conv=fsync,notrunc 2> /dev/null && echo 3 > /proc/sys/vm/drop_caches; md5sum < /run/two; head -c 1048576 /dev/vdc | md5sum");
        string[] lines = sums.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(lines[0], lines[1]);
        await lab.SucceedAsync("down");
        foreach (string disk in new[] { "root", "data", "other" })
            await Judge.CleanAsync(Path.Combine(lab.Disks("full"), disk + ".qcow2"));
        long total = 0;
        foreach (string disk in Directory.GetFiles(lab.Disks("full")))
            total += await Judge.AllocatedAsync(disk);
        Assert.InRange(total, 30 << 20, 40 << 20);
    }

    [SkippableFact]
    public async Task A_deletion_whose_process_is_killed_is_finished_by_the_next_and_nothing_is_lost()
    {
        Lab.NeedProgram("qemu-io", "qemu-utils");
        await using Lab lab = new();
        await Lab.NeedDebianAsync();
        string file = lab.Write("merge.yaml", """
            name: merge
            images: { debian: { pull: debian-riscv64 } }
            disks: { root: { base: debian, size: 1GiB }, data: { size: 2GiB } }
            vms: { writer: { image: debian, memory: 192MiB, disks: [root, data] } }
            """);
        string root = Path.Combine(lab.Disks("merge"), "root.qcow2");
        string data = Path.Combine(lab.Disks("merge"), "data.qcow2");
        string layers = Path.Combine(lab.Disks("merge"), "layers");
        await lab.SucceedAsync("up", file);
        await lab.InGuestAsync("writer", "head -c 200000 /dev/urandom > /root/old; sync");
        await lab.SucceedAsync("snapshot", "create", "s");
        await lab.InGuestAsync("writer", "head -c 200000 /dev/urandom > /root/new; md5sum /root/old /root/new > /root/sums; sync");
        await lab.SucceedAsync("down");
        await QemuIoAsync(Directory.GetFiles(layers, "data.*")[0], "write -P 0x55 0 768M");

        await lab.SucceedAsync("up", file);
        using Process daemon = await lab.DaemonAsync("merge");
        using (Process deletion = lab.Start("snapshot", "delete", "s"))
        {
            string? line = await deletion.StandardOutput.ReadLineAsync();
            daemon.Kill();
            await daemon.WaitForExitAsync();
            await deletion.WaitForExitAsync();
            Assert.Contains("merging", line, StringComparison.Ordinal);
            Assert.NotEqual(0, deletion.ExitCode);
        }

        await Judge.AtMostLeaksAsync(data);
        await Judge.AtMostLeaksAsync(Directory.GetFiles(layers, "data.*")[0]);
        await lab.SucceedAsync("up", file);
        Assert.Contains("half deleted", await lab.SucceedAsync("snapshot", "list"), StringComparison.Ordinal);
        Assert.Contains("is deleted", await lab.SucceedAsync("snapshot", "delete", "s"), StringComparison.Ordinal);
        string sums = await lab.InGuestAsync("writer", "md5sum -c /root/sums");
        Assert.Equal(2, sums.Split('\n').Count(line => line.EndsWith(": OK", StringComparison.Ordinal)));
        await lab.SucceedAsync("down");
        Assert.Empty(Directory.GetFiles(layers));
        await Judge.AtMostLeaksAsync(root);
        await Judge.AtMostLeaksAsync(data);
        await QemuIoAsync(data, "read -P 0x55 0 768M");
    }

    private static async Task QemuIoAsync(string image, string command)
    {
        CommandResult result = await Command.RunAsync("qemu-io", ["-f", "qcow2", "-c", command, image], TimeSpan.FromMinutes(2));
        Assert.True(result.Status == 0 && !result.Output.Contains("failed", StringComparison.Ordinal), $"qemu-io {command} {image}: {result.Output}{result.Error}");
    }

    private static async Task<int> CountAsync(Lab lab, string file) => int.Parse(await lab.InGuestAsync("writer", $"cat {file}"), CultureInfo.InvariantCulture);
}
