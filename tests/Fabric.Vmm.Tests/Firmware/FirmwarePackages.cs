using System.ComponentModel;
using System.Diagnostics;

namespace Fabric.Vmm.Tests.Firmware;

/// <summary>OpenSBI and U-Boot as Debian trixie packages them, fetched by apt with a state directory of its own: nothing of the host's apt
/// configuration is read beyond the mirror's name, nothing is changed, no privilege is needed.</summary>
internal static class FirmwarePackages
{
    private const string Keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    private static readonly Lazy<Task<string>> s_unpacked = new(UnpackAsync);

    /// <summary>Path of OpenSBI's fw_dynamic.bin or fw_jump.bin.</summary>
    internal static async Task<string> OpenSbiAsync(string kind) =>
        Path.Combine(await OrSkipAsync(), "usr/lib/riscv64-linux-gnu/opensbi/generic", $"fw_{kind}.bin");

    /// <summary>Path of a U-Boot for QEMU's board: "qemu-riscv64_smode" runs above a firmware, "qemu-riscv64" is one.</summary>
    internal static async Task<string> UBootAsync(string board) => Path.Combine(await OrSkipAsync(), "usr/lib/u-boot", board, "u-boot.bin");

    private static async Task<string> OrSkipAsync()
    {
        try
        {
            return await s_unpacked.Value;
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or IOException)
        {
            throw new SkipException($"the packages opensbi and u-boot-qemu cannot be fetched: {e.Message}");
        }
    }

    private static async Task<string> UnpackAsync()
    {
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        string target = Path.Combine(cache, "fabric", "test-firmware");
        if (Directory.Exists(target))
            return target;
        string work = $"{target}.{Environment.ProcessId}";
        try
        {
            await FetchAsync(work);
            try
            {
                Directory.Move(Path.Combine(work, "files"), target);
            }
            catch (IOException) when (Directory.Exists(target))
            {
                // Another test run was faster.
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }

        return target;
    }

    private static async Task FetchAsync(string work)
    {
        foreach (string folder in (string[])["etc/preferences.d", "state/lists/partial", "cache/archives/partial", "files"])
            Directory.CreateDirectory(Path.Combine(work, folder));
        await File.WriteAllTextAsync(Path.Combine(work, "state/status"), "");
        await File.WriteAllTextAsync(Path.Combine(work, "etc/sources.list"), $"deb [arch=riscv64 signed-by={Keyring}] {Mirror()} trixie main\n");
        await File.WriteAllTextAsync(Path.Combine(work, "apt.conf"), $"""
            Dir "{work}";
            Dir::Etc "{work}/etc";
            Dir::Etc::sourceparts "/dev/null";
            Dir::Etc::main "/dev/null";
            Dir::Etc::parts "/dev/null";
            Dir::State "{work}/state";
            Dir::State::status "{work}/state/status";
            Dir::Cache "{work}/cache";
            APT::Architecture "riscv64";
            APT::Architectures "riscv64";
            APT::Sandbox::User "";
            Acquire::Languages "none";
            Acquire::Retries "2";
            Acquire::http::Timeout "20";

            """);
        await RunAsync(work, "apt-get", "-qq", "update", "-o", "APT::Update::Error-Mode=any");
        await RunAsync(work, "apt-get", "-qq", "download", "opensbi", "u-boot-qemu");
        foreach (string package in Directory.GetFiles(work, "*.deb"))
            await RunAsync(work, "dpkg-deb", "-x", package, "files");
    }

    private static string Mirror()
    {
        const string none = "/etc/apt names no Debian archive";
        if (!Directory.Exists("/etc/apt"))
            throw new InvalidOperationException(none);
        IEnumerable<string> words = Directory.EnumerateFiles("/etc/apt", "*.*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".list", StringComparison.Ordinal) || file.EndsWith(".sources", StringComparison.Ordinal))
            .SelectMany(File.ReadLines)
            .Where(line => !line.TrimStart().StartsWith('#'))
            .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return words.FirstOrDefault(word => word.StartsWith("http", StringComparison.Ordinal) && word.TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal))
            ?? throw new InvalidOperationException(none);
    }

    private static async Task RunAsync(string work, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = work, RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["APT_CONFIG"] = Path.Combine(work, "apt.conf");
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        _ = await output;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {arguments[^1]}: {error.Split('\n')[0]}");
    }
}
