namespace Fabric.Topology;

/// <summary>A cable between two switches.</summary>
/// <param name="A">Switch at one end.</param>
/// <param name="B">Switch at the other end.</param>
/// <param name="Index">How many links between the same two come before it.</param>
/// <param name="Port">What passes at either end.</param>
public sealed record LinkModel(string A, string B, int Index, PortModel Port)
{
    /// <summary>Name of the port at <see cref="A"/>, such as <c>core/edge</c>, and <c>core/edge.2</c> for a second link.</summary>
    public string PortA => $"{A}/{B}{Suffix}";

    /// <summary>Name of the port at <see cref="B"/>.</summary>
    public string PortB => $"{B}/{A}{Suffix}";

    private string Suffix => Index == 0 ? "" : $".{Index + 1}";

    /// <summary>True when the link is between two switches, in either order.</summary>
    /// <param name="one">A switch.</param>
    /// <param name="other">Another.</param>
    public bool Joins(string one, string other) => (A == one && B == other) || (A == other && B == one);
}
