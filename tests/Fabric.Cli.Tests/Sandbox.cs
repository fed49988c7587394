using System.Diagnostics;

namespace Fabric.Cli.Tests;

/// <summary>A user with nothing: runtime, state and cache folders of their own, and the real program run as a process. Daemons that a test
/// leaves behind are ended with it.</summary>
public sealed class Sandbox : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public Sandbox()
    {
        Home = Directory.CreateTempSubdirectory("fab-").FullName;
        Runtime = Directory.CreateDirectory(Path.Combine(Home, "run")).FullName;
    }

    public string Home { get; }

    public string Runtime { get; }

    public string SocketOf(string topology) => Path.Combine(Runtime, "fabric", topology + ".sock");

    public string Write(string name, string content)
    {
        string path = Path.Combine(Home, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>A topology that has a switch and no machines.</summary>
    public string WriteEmpty(string name) => Write(name + ".yaml", $"name: {name}\nswitches:\n  lan: {{}}\n");

    public Run Fabric(params string[] args) => FabricAsync(null, args).GetAwaiter().GetResult();

    public async Task<Run> FabricAsync(string? input, params string[] args)
    {
        using Process process = Start(args);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using CancellationTokenSource patience = new(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"fabric {string.Join(' ', args)} did not end");
        }
        return new Run(process.ExitCode, await output, await error);
    }

    public Process Start(params string[] args)
    {
        // Who runs the tests in the background may have SIGINT ignored, and children inherit that: a user at a terminal has not.
        ProcessStartInfo start = new("env", ["--default-signal=INT", Path.Combine(AppContext.BaseDirectory, "fabric"), .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Home,
        };
        start.Environment["HOME"] = Home;
        start.Environment["XDG_RUNTIME_DIR"] = Runtime;
        start.Environment["XDG_STATE_HOME"] = Path.Combine(Home, "state");
        start.Environment["XDG_CACHE_HOME"] = Path.Combine(Home, "cache");
        return Process.Start(start)!;
    }

    public void Dispose()
    {
        foreach (string instance in Directory.Exists(Path.Combine(Runtime, "fabric")) ? Directory.GetFiles(Path.Combine(Runtime, "fabric"), "*.json") : [])
            KillDaemon(Path.GetFileNameWithoutExtension(instance));
        Directory.Delete(Home, recursive: true);
    }

    /// <summary>Ends a daemon as the kernel's out-of-memory killer would.</summary>
    public void KillDaemon(string topology)
    {
        using System.Text.Json.JsonDocument instance = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(Runtime, "fabric", topology + ".json")));
        try
        {
            using Process daemon = Process.GetProcessById(instance.RootElement.GetProperty("pid").GetInt32());
            daemon.Kill();
            daemon.WaitForExit();
        }
        catch (ArgumentException)
        {
            // Gone already.
        }
    }

    /// <summary>What a process left: status and both outputs.</summary>
    public sealed record Run(int Status, string Out, string Error)
    {
        /// <summary>The one line of the error output.</summary>
        public string ErrorLine
        {
            get
            {
                Assert.EndsWith("\n", Error);
                Assert.Equal(1, Error.Count(c => c == '\n'));
                return Error.TrimEnd('\n');
            }
        }
    }
}
