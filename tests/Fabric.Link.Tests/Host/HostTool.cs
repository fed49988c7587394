using System.Diagnostics;

namespace Fabric.Link.Tests.Host;

/// <summary>Programs of the host, the outside judges of these tests.</summary>
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

    public static Process Start(params string[] command) =>
        Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
