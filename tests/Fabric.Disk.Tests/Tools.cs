using System.Diagnostics;

namespace Fabric.Disk.Tests;

/// <summary>QEMU's tools, the outside judges of these tests.</summary>
internal static class Tools
{
    public static string? Find(string name)
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            if (File.Exists(Path.Combine(folder, name)))
                return Path.Combine(folder, name);
        return null;
    }

    public static void Need(string name = "qemu-img") => Skip.If(Find(name) is null, $"{name} is not installed (apt-get install qemu-utils)");

    public static (int Code, string Output) Run(string folder, string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    /// <summary>Runs and expects success.</summary>
    public static string Expect(string folder, string program, params string[] arguments)
    {
        (int code, string output) = Run(folder, program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} answered {code}: {output}");
        return output;
    }

    /// <summary>qemu-img check finds neither errors nor leaks.</summary>
    public static void CheckClean(string path) => Expect(Path.GetDirectoryName(path)!, "qemu-img", "check", "-f", "qcow2", path);

    /// <summary>qemu-img compare finds the disk equal to a raw file of the model.</summary>
    public static void CompareEqual(string path, byte[] model)
    {
        string raw = path + ".model";
        File.WriteAllBytes(raw, model);
        Expect(Path.GetDirectoryName(path)!, "qemu-img", "compare", "-f", "qcow2", "-F", "raw", path, raw);
        File.Delete(raw);
    }

    /// <summary>qcow2 options for creating.</summary>
    public static Dictionary<string, string> Options(int clusterSize, int refcountBits) =>
        new() { ["cluster_size"] = $"{clusterSize}", ["refcount_bits"] = $"{refcountBits}" };

    /// <summary>Options as they stand after <c>-o</c>.</summary>
    public static Dictionary<string, string> ParseOptions(string options)
    {
        Dictionary<string, string> parsed = [];
        foreach (string one in options.Split(',', StringSplitOptions.RemoveEmptyEntries))
            parsed.Add(one[..one.IndexOf('=', StringComparison.Ordinal)], one[(one.IndexOf('=', StringComparison.Ordinal) + 1)..]);
        return parsed;
    }

    public static int Seed => int.TryParse(Environment.GetEnvironmentVariable("FABRIC_TEST_SEED"), out int seed) ? seed : 20;

    public static int Count(int normal) => int.TryParse(Environment.GetEnvironmentVariable("FABRIC_TEST_COUNT"), out int count) ? count : normal;
}
