using System.Diagnostics;

namespace Fabric.Link.Tests.Capture;

/// <summary>tshark and tcpdump, the outside judges of these tests.</summary>
internal static class Tools
{
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    public static void Need(string name) => Skip.If(Find(name) is null, $"{name} is not installed (apt-get install tshark tcpdump)");

    public static (int Code, string Output, string Error) Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    /// <summary>Runs and expects success.</summary>
    public static string Expect(string program, params string[] arguments)
    {
        (int code, string output, string error) = Run(program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} answered {code}: {error}");
        return output;
    }
}
