using System.Globalization;
using System.Security.Cryptography;

namespace Fabric.Scenarios.Tests;

/// <summary>What outside judges say of the files a topology leaves.</summary>
internal static class Judge
{
    private const int CheckLeaksOnly = 3;

    /// <summary>qemu-img check finds nothing.</summary>
    internal static async Task CleanAsync(string image)
    {
        CommandResult check = await Command.RunAsync("qemu-img", ["check", image], TimeSpan.FromMinutes(2));
        Assert.True(check.Status == 0, $"qemu-img check {image}: {check.Output}{check.Error}");
    }

    /// <summary>qemu-img check finds nothing, or clusters that are allocated and not used.</summary>
    /// <returns>True when there were leaks.</returns>
    internal static async Task<bool> AtMostLeaksAsync(string image)
    {
        CommandResult check = await Command.RunAsync("qemu-img", ["check", image], TimeSpan.FromMinutes(2));
        Assert.True(check.Status is 0 or CheckLeaksOnly, $"qemu-img check {image}: {check.Output}{check.Error}");
        return check.Status == CheckLeaksOnly;
    }

    /// <summary>e2fsck finds the file system on an image sound; what its journal holds is replayed first, as a mount would.</summary>
    internal static async Task SoundFileSystemAsync(string image, string format, string scratch)
    {
        CommandResult convert = await Command.RunAsync("qemu-img", ["convert", "-f", format, "-O", "raw", image, scratch], TimeSpan.FromMinutes(2));
        Assert.True(convert.Status == 0, $"qemu-img convert {image}: {convert.Error}");
        await Command.RunAsync("e2fsck", ["-p", scratch], TimeSpan.FromMinutes(2));
        CommandResult check = await Command.RunAsync("e2fsck", ["-f", "-n", scratch], TimeSpan.FromMinutes(2));
        File.Delete(scratch);
        Assert.True(check.Status == 0, $"e2fsck of {image}: {check.Output}{check.Error}");
    }

    /// <summary>Space a file takes on the host, in bytes.</summary>
    internal static async Task<long> AllocatedAsync(string file)
    {
        CommandResult du = await Command.RunAsync("du", ["--block-size=1", file], TimeSpan.FromMinutes(1));
        return long.Parse(du.Output.Split('\t')[0], CultureInfo.InvariantCulture);
    }

    internal static async Task<string> DigestAsync(string file)
    {
        await using FileStream stream = File.OpenRead(file);
        return Convert.ToHexString(await SHA256.HashDataAsync(stream));
    }
}
