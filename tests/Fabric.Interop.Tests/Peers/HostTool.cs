using System.Diagnostics;

namespace Fabric.Interop.Tests.Peers;

/// <summary>Programs of the host, the peers and judges of these tests.</summary>
internal static class HostTool
{
    /// <summary>Skips where interfaces cannot be made, or a program is missing.</summary>
    public static void Need(string program, string package)
    {
        Skip.IfNot(Environment.IsPrivilegedProcess, "needs root, to make interfaces and namespaces");
        Skip.IfNot(File.Exists("/dev/net/tun"), "needs /dev/net/tun");
        bool found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
        Skip.IfNot(found, $"{program} is not installed (apt-get install {package})");
    }

    /// <summary>Runs a program to its end.</summary>
    public static (int Code, string Output) Run(params string[] command)
    {
        using Process process = Start(command);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    /// <summary>Runs a program and expects success.</summary>
    public static string Expect(params string[] command)
    {
        (int code, string output) = Run(command);
        Assert.True(code == 0, $"{string.Join(' ', command)} answered {code}: {output}");
        return output;
    }

    /// <summary>Runs a program, expects success, and leaves out what it says beside its output.</summary>
    public static string ExpectOutput(params string[] command)
    {
        using Process process = Start(command);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)} answered {process.ExitCode}: {errors.Result}");
        return output;
    }

    public static Process Start(params string[] command) =>
        Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    /// <summary>Waits for something that a peer does in its own time.</summary>
    /// <param name="what">What is waited for, for the message.</param>
    /// <param name="seconds">How long it may take.</param>
    /// <param name="difference">What is missing still; null when it is there.</param>
    public static void Await(string what, int seconds, Func<string?> difference)
    {
        // Between two looks the processor is the peer's.
        Stopwatch watch = Stopwatch.StartNew();
        string? last;
        while ((last = difference()) != null && watch.Elapsed.TotalSeconds < seconds)
            Task.Delay(50).Wait();
        Assert.True(last == null, $"{what}: after {seconds} s {last}");
    }
}
