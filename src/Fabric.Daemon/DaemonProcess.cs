using System.Diagnostics;
using System.Reflection;

namespace Fabric.Daemon;

/// <summary>A daemon that was started as a process of its own.</summary>
/// <remarks>Until the start is over its two outputs are pipes to this process: one word on the first says that the control socket answers,
/// a line on the second says why the start failed. The daemon closes both when it is up.</remarks>
public sealed class DaemonProcess : IDisposable
{
    /// <summary>How the program begins its error lines; whoever reads the daemon's adds its own.</summary>
    public const string ErrorPrefix = "fabric: ";

    private const string Answering = "listening";

    /// <summary>The runtime's own delay, 100 ms, in hexadecimal as it reads its environment.</summary>
    private const string OwnTieringDelay = "64";
    private readonly Process _process;

    private DaemonProcess(Process process) => _process = process;

    /// <summary>Starts the program that is running now once more, as a daemon.</summary>
    /// <param name="arguments">Its command line; leads to <see cref="EnterBackground"/> and <see cref="DaemonHost"/>.</param>
    public static DaemonProcess Start(params IReadOnlyList<string> arguments)
    {
        string program = Environment.ProcessPath!;
        ProcessStartInfo start = new(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        // A guest's first instructions want the best code soon; the program's own setting suits commands that end soon.
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = OwnTieringDelay;
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            start.ArgumentList.Add(Assembly.GetEntryAssembly()!.Location);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        KeepDescriptorsFromChildren();
        return new DaemonProcess(Process.Start(start)!);
    }

    /// <summary>Waits until the daemon's control socket answers.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="DaemonException">It ended before; the message is its own.</exception>
    public async Task WaitListeningAsync(CancellationToken cancel)
    {
        if (await _process.StandardOutput.ReadLineAsync(cancel) != Answering)
            throw await ReadFailureAsync(cancel);
    }

    /// <summary>Waits until a daemon whose start failed has ended, and tells why it failed.</summary>
    /// <param name="cancel">Gives up.</param>
    public async Task<DaemonException> ReadFailureAsync(CancellationToken cancel)
    {
        string errors = await _process.StandardError.ReadToEndAsync(cancel);
        await _process.WaitForExitAsync(cancel);
        string line = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault()
            ?? $"the daemon ended with status {_process.ExitCode} and without a word";
        return new DaemonException(line.StartsWith(ErrorPrefix, StringComparison.Ordinal) ? line[ErrorPrefix.Length..] : line);
    }

    /// <summary>Ends the daemon at once; what it held is cleaned away by the next start.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Called by the daemon first of all: leaves the terminal of whoever started it.</summary>
    public static void EnterBackground() => Native.StartSession();

    /// <summary>Called by the daemon when its control socket answers.</summary>
    public static void TellListening()
    {
        Console.Out.WriteLine(Answering);
        Console.Out.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();

    /// <summary>A daemon outlives the shell that started it, and must not keep that shell's locks and pipes open.</summary>
    private static void KeepDescriptorsFromChildren()
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), out int descriptor) && descriptor > 2)
                Native.KeepFromChildren(descriptor);
        }
    }
}
