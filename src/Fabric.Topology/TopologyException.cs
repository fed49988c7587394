namespace Fabric.Topology;

/// <summary>A topology file is wrong. The message holds one line per fault, each <c>file:line:column: what, and the nearest right thing</c>.</summary>
/// <param name="errors">The faults in the file's order; at least one.</param>
public sealed class TopologyException(IReadOnlyList<TopologyError> errors) : Exception(string.Join('\n', errors))
{
    /// <summary>The faults in the file's order.</summary>
    public IReadOnlyList<TopologyError> Errors { get; } = errors;
}
