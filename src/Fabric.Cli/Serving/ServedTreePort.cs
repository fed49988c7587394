namespace Fabric.Cli.Serving;

/// <summary>A port in the line of the spanning tree.</summary>
/// <param name="Name">Name of the port.</param>
/// <param name="Role">Its role.</param>
/// <param name="State">Its state.</param>
internal sealed record ServedTreePort(string Name, string Role, string State)
{
    /// <summary>In a few words.</summary>
    public override string ToString() => $"{Name} {Role} {State}";
}
