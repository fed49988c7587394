using System.Diagnostics;
using System.Text.Json;

namespace Fabric.Scenarios.Tests;

/// <summary>A user of the command line with state and sockets of their own, and the image cache of whoever runs the tests. Takes down
/// on dispose whatever topology it still has.</summary>
internal sealed class Lab : IAsyncDisposable
{
    private const string Image = "debian-riscv64";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly SemaphoreSlim ImageGate = new(1);
    private static string? s_imageFailure;
    private static bool s_imageReady;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fabric-lab-");
    private readonly Dictionary<string, string> _environment;
    private readonly string[] _within;

    /// <summary>A user who has nothing yet.</summary>
    /// <param name="space">Network namespace that the commands are run in, and so the daemons too; null for the present one.</param>
    internal Lab(string? space = null)
    {
        _within = space is null ? [] : ["ip", "netns", "exec", space];
        _environment = new()
        {
            ["XDG_STATE_HOME"] = Path.Combine(_folder.FullName, "state"),
            ["XDG_RUNTIME_DIR"] = Directory.CreateDirectory(Path.Combine(_folder.FullName, "run")).FullName,
            ["NO_COLOR"] = "1",
        };
    }

    /// <summary>Folder of the overlays of a topology.</summary>
    internal string Disks(string topology) => Path.Combine(_folder.FullName, "state/fabric", topology, "disks");

    /// <summary>Folder of the sockets.</summary>
    internal string Runtime => Path.Combine(_folder.FullName, "run/fabric");

    /// <summary>Writes a file into the lab's folder.</summary>
    internal string Write(string name, string content)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Runs <c>fabric …</c>.</summary>
    internal Task<CommandResult> FabricAsync(params string[] arguments)
    {
        string[] command = [.. _within, "dotnet", Checkout.FabricAssembly, .. arguments];
        return Command.RunAsync(command[0], command[1..], Patience, _environment);
    }

    /// <summary>Starts <c>fabric …</c> with its standard output open.</summary>
    internal Process Start(params string[] arguments)
    {
        string[] command = [.. _within, "dotnet", Checkout.FabricAssembly, .. arguments];
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true };
        foreach ((string name, string value) in _environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Runs <c>fabric …</c>, which must succeed.</summary>
    /// <returns>Its standard output.</returns>
    internal async Task<string> SucceedAsync(params string[] arguments)
    {
        CommandResult result = await FabricAsync(arguments);
        Assert.True(result.Status == 0, $"fabric {string.Join(' ', arguments)} ended with {result.Status}:\n{result.Output}\n{result.Error}");
        return result.Output;
    }

    /// <summary>Runs a shell command in a guest, which must succeed.</summary>
    internal Task<string> InGuestAsync(string vm, string command) => SucceedAsync("exec", vm, "--", "sh", "-c", command);

    /// <summary>The process that runs a topology.</summary>
    internal async Task<Process> DaemonAsync(string topology)
    {
        using JsonDocument status = JsonDocument.Parse(await SucceedAsync("status", "-t", topology, "--json"));
        JsonElement element = status.RootElement;
        if (element.ValueKind == JsonValueKind.Array)
            element = element[0];
        return Process.GetProcessById(element.GetProperty("pid").GetInt32());
    }

    /// <summary>Makes sure that the guest image is there; skips the test where it cannot be had.</summary>
    internal static async Task<string> NeedDebianAsync()
    {
        await ImageGate.WaitAsync();
        try
        {
            if (!s_imageReady && s_imageFailure == null)
            {
                CommandResult pulled = await Command.RunAsync("dotnet", [Checkout.FabricAssembly, "image", "pull", Image], TimeSpan.FromMinutes(15));
                s_imageReady = pulled.Status == 0 || new Images.ImageStore().Find(Image) != null;
                s_imageFailure = s_imageReady ? null : pulled.Error.Trim();
            }
        }
        finally
        {
            ImageGate.Release();
        }

        Skip.IfNot(s_imageReady, $"The guest image cannot be had: {s_imageFailure}");
        return new Images.ImageStore().Find(Image)!.BaseDisk;
    }

    /// <summary>Needs an outside judge; skips the test where it is missing.</summary>
    internal static void NeedProgram(string program, string package) =>
        Skip.IfNot((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program))),
            $"{program} is missing: apt-get install {package}");

    public async ValueTask DisposeAsync()
    {
        await FabricAsync("down", "--all");
        _folder.Delete(recursive: true);
    }
}
