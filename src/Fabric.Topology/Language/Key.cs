namespace Fabric.Topology.Language;

/// <summary>One key of a section.</summary>
/// <param name="Name">As written in the file.</param>
/// <param name="Kind">What stands behind it.</param>
/// <param name="Help">One sentence for editors.</param>
internal sealed record Key(string Name, ValueKind Kind, string Help)
{
    /// <summary>The section behind the key, for the kinds that hold sections.</summary>
    internal Section? Section { get; init; }

    /// <summary>True when the key must be given.</summary>
    internal bool IsRequired { get; init; }

    /// <summary>The words allowed, for <see cref="ValueKind.Choice"/>.</summary>
    internal string[] Choices { get; init; } = [];

    /// <summary>Smallest and largest value, for <see cref="ValueKind.Integer"/>.</summary>
    internal (int Low, int High) Range { get; init; } = (0, int.MaxValue);

    /// <summary>For a section, and those of a list: the key that a plain scalar in its place stands for (<c>restart: alice</c>), or null. With it a list of one
    /// needs no brackets.</summary>
    internal string? Shorthand { get; init; }
}
