using System.Diagnostics;

namespace Fabric.Images.Tests;

/// <summary>The host's own programs, as judges.</summary>
internal static class Tool
{
    public static bool IsThere(string name) =>
        (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':').Any(d => File.Exists(Path.Combine(d, name)));

    public static string Run(string file, string arguments, string? input = null, string? directory = null)
    {
        ProcessStartInfo start = new("/bin/sh") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory ?? "" };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"PATH=$PATH:/usr/sbin:/sbin; {file} {arguments}" + (input is null ? "" : $" < '{input}'"));
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{file} {arguments}: {process.ExitCode}: {error.Result}{output}");
        return output;
    }
}
