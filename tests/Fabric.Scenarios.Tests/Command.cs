using System.Diagnostics;
using System.Text;

namespace Fabric.Scenarios.Tests;

/// <summary>What a finished command printed and answered.</summary>
/// <param name="Status">Exit status.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record CommandResult(int Status, string Output, string Error);

/// <summary>Runs commands to their end.</summary>
internal static class Command
{
    internal static async Task<CommandResult> RunAsync(string program, IEnumerable<string> arguments, TimeSpan limit, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        using CancellationTokenSource patience = new(limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token);
        Task<string> error = process.StandardError.ReadToEndAsync(patience.Token);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            StringBuilder line = new(program);
            foreach (string argument in arguments)
                line.Append(' ').Append(argument);
            throw new TimeoutException($"{line} did not end within {limit.TotalSeconds:0} s.");
        }
    }
}
