namespace Fabric.Images.Build;

/// <summary>A program of this machine, or one that was fetched and is run through its own loader.</summary>
/// <param name="File">What to run.</param>
/// <param name="Prefix">Arguments before the tool's own.</param>
internal sealed record HostTool(string File, IReadOnlyList<string> Prefix)
{
    /// <summary>Runs it to its end.</summary>
    public Task<ChildProcess.Outcome> RunAsync(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment, CancellationToken cancel) =>
        ChildProcess.RunAsync(File, [.. Prefix, .. arguments], environment, cancel);
}
