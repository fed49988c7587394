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
