using System.ComponentModel;
using System.Diagnostics;

namespace Fabric.Images;

/// <summary>Runs the host's tools. A cancelled run ends the child and its children before it returns.</summary>
internal static class ChildProcess
{
    /// <summary>What a tool has left.</summary>
    internal sealed record Outcome(int Status, string Output, string Error)
    {
        /// <summary>Where tools say what went wrong: apt's first error, or the last line of complaint, or the last line at all.</summary>
        public string LastWords => Lines(Error).FirstOrDefault(l => l.StartsWith("E: ", StringComparison.Ordinal))?[3..]
            ?? Lines(Error).LastOrDefault(l => !l.StartsWith("W: ", StringComparison.Ordinal)) ?? Lines(Output).LastOrDefault() ?? "no message";

        private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    /// <summary>Runs a tool to its end and collects its output.</summary>
    public static async Task<Outcome> RunAsync(
        string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment, CancellationToken cancel)
    {
        using Process process = Start(file, arguments, environment);
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        await WaitAsync(process, cancel).ConfigureAwait(false);
        return new Outcome(process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
    }

    /// <summary>Runs a tool and hands its standard output to a reader.</summary>
    public static async Task<Outcome> ReadAsync(string file, IEnumerable<string> arguments, Func<Stream, Task> reader, CancellationToken cancel)
    {
        using Process process = Start(file, arguments, null);
        Task<string> error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await reader(process.StandardOutput.BaseStream).ConfigureAwait(false);
            // A reader may stop before the end; the tool must not wait for it.
            await process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, cancel).ConfigureAwait(false);
        }
        catch
        {
            End(process);
            throw;
        }

        await WaitAsync(process, cancel).ConfigureAwait(false);
        return new Outcome(process.ExitCode, "", await error.ConfigureAwait(false));
    }

    private static Process Start(string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        ProcessStartInfo start = new(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // Messages are read by programs and shown to people; both want them in one language.
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        try
        {
            Process process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception e)
        {
            throw new ImageException($"{file} cannot be run on this machine; an image is made with apt and dpkg: install them, or name your own kernel, initrd and disk files in the topology", e);
        }
    }

    private static async Task WaitAsync(Process process, CancellationToken cancel)
    {
        try
        {
            await process.WaitForExitAsync(cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            End(process);
            throw;
        }
    }

    private static void End(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            return; // It has ended by itself.
        }

        process.WaitForExit();
    }
}
