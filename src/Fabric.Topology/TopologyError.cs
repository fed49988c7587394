namespace Fabric.Topology;

/// <summary>One fault of a topology file.</summary>
/// <param name="File">Path as the user gave it.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column, from 1.</param>
/// <param name="Message">What is wrong and the nearest right thing.</param>
public sealed record TopologyError(string File, int Line, int Column, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}:{Column}: {Message}";
}
