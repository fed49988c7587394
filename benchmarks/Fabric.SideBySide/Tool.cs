using System.Diagnostics;

namespace Fabric.SideBySide;

/// <summary>Runs programs.</summary>
internal static class Tool
{
    /// <summary>The built <c>fabric</c>: what FABRIC names, or this checkout's.</summary>
    public static string Fabric { get; } = Environment.GetEnvironmentVariable("FABRIC") ?? FindFabric();

    /// <summary>True when a program is installed.</summary>
    public static bool Has(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Runs a program to its end and expects success.</summary>
    /// <returns>What it printed.</returns>
    public static string Run(params string[] command)
    {
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{string.Join(' ', command)} answered {process.ExitCode}: {errors.Result}");
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Seconds it took, start-up included.</returns>
    public static double Time(params string[] command)
    {
        long began = Stopwatch.GetTimestamp();
        Run(command);
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Starts a program that goes on.</summary>
    public static Process Start(params string[] command) =>
        Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    /// <summary>Ends a program in order and waits for it.</summary>
    public static void End(Process process)
    {
        Run("kill", "-TERM", $"{process.Id}");
        process.WaitForExit();
        process.Dispose();
    }

    private static string FindFabric()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Fabric.sln")))
            folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? ".", "src/Fabric.Cli/bin/Release/net10.0/fabric");
    }
}
