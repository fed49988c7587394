using System.Diagnostics;

namespace Fabric.Disk.Tests;

/// <summary>One image, two users: ours and QEMU's exclude each other as two of QEMU's do.</summary>
public sealed class LockTests
{
    private static string MakeImage(TemporaryFolder folder, string name = "image")
    {
        DiskImage.Create(folder[name], new DiskCreateOptions { Size = 1 << 20 });
        return folder[name];
    }

    [SkippableFact]
    public void QemuRefusesWhatIsOpenForWritingHere()
    {
        Tools.Need("qemu-io");
        using TemporaryFolder folder = new();
        string image = MakeImage(folder);
        using (IDisk disk = DiskImage.Open(image))
        {
            (int code, string output) = Tools.Run(folder.Path, "qemu-io", "-f", "qcow2", "-c", "write 0 512", image);
            Assert.NotEqual(0, code);
            Assert.Contains("lock", output, StringComparison.Ordinal);
            Assert.NotEqual(0, Tools.Run(folder.Path, "qemu-img", "check", image).Code);
        }

        Tools.Expect(folder.Path, "qemu-io", "-f", "qcow2", "-c", "write 0 512", image);
    }

    [SkippableFact]
    public void WhatQemuHasOpenForWritingIsRefusedHereAndItsProcessNamed()
    {
        Tools.Need("qemu-io");
        using TemporaryFolder folder = new();
        string image = MakeImage(folder);
        using Process holder = Process.Start(new ProcessStartInfo("qemu-io", ["-f", "qcow2", image]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        // Its answer to a command shows that it has the image open.
        holder.StandardInput.WriteLine("length");
        holder.StandardInput.Flush();
        char[] answer = new char[256];
        string text = "";
        while (!text.Contains("1 MiB", StringComparison.Ordinal))
        {
            int got = holder.StandardOutput.Read(answer);
            Assert.NotEqual(0, got);
            text += new string(answer, 0, got);
        }

        DiskException refused = Assert.Throws<DiskException>(() => DiskImage.Open(image));
        Assert.Contains(image, refused.Message, StringComparison.Ordinal);
        Assert.Contains($"pid {holder.Id}", refused.Message, StringComparison.Ordinal);
        Assert.Throws<DiskException>(() => DiskImage.Open(image, new DiskOpenOptions { ReadOnly = true }));
        Assert.Throws<DiskException>(() => DiskImage.Create(image, new DiskCreateOptions { Size = 512, Overwrite = true }));
        DiskImage.Open(image, new DiskOpenOptions { ReadOnly = true, IgnoreLocks = true }).Dispose();
        // Killed, not asked: the locks must go with the process.
        holder.Kill();
        holder.WaitForExit();
        DiskImage.Open(image).Dispose();
    }

    [Fact]
    public void TwoOverlaysShareABaseThatNobodyMayWriteMeanwhile()
    {
        using TemporaryFolder folder = new();
        string image = MakeImage(folder, "base");
        DiskImage.Create(folder["a"], new DiskCreateOptions { BackingPath = "base" });
        DiskImage.Create(folder["b"], new DiskCreateOptions { BackingPath = "base" });
        using IDisk a = DiskImage.Open(folder["a"]);
        using IDisk b = DiskImage.Open(folder["b"]);
        DiskException refused = Assert.Throws<DiskException>(() => DiskImage.Open(image));
        Assert.Contains("in use by this process", refused.Message, StringComparison.Ordinal);
        Assert.Throws<DiskException>(() => DiskImage.Open(folder["a"]));
        DiskImage.Open(image, new DiskOpenOptions { ReadOnly = true }).Dispose();
    }
}
