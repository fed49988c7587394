namespace Fabric.Topology;

/// <summary>A cable between two switches, a router's interface and a switch, or the interfaces of two routers.</summary>
/// <param name="A">Switch, or interface such as <c>r1.east</c>, at one end.</param>
/// <param name="B">Switch or interface at the other end.</param>
/// <param name="Index">How many links between the same two come before it.</param>
/// <param name="Port">What passes at the ends that are ports of switches.</param>
public sealed record LinkModel(string A, string B, int Index, PortModel Port)
{
    /// <summary>Name of the port at <see cref="A"/>: <c>core/edge</c> for a link between switches, <c>core/edge.2</c> for a second one;
    /// where a router is at one end, the name of its interface.</summary>
    public string PortA => IsInterface(A) ? A : IsInterface(B) ? B : $"{A}/{B}{Suffix}";

    /// <summary>Name of the port at <see cref="B"/>.</summary>
    public string PortB => IsInterface(B) ? B : IsInterface(A) ? A : $"{B}/{A}{Suffix}";

    private string Suffix => Index == 0 ? "" : $".{Index + 1}";

    /// <summary>True when the link is between two switches, routers or interfaces, in either order.</summary>
    /// <param name="one">Name of a switch, a router or an interface.</param>
    /// <param name="other">Another.</param>
    public bool Joins(string one, string other) => (IsAt(A, one) && IsAt(B, other)) || (IsAt(A, other) && IsAt(B, one));

    /// <summary>True for the name of an interface of a router.</summary>
    /// <param name="end">An end of a link, or what something is plugged into.</param>
    public static bool IsInterface(string end)
    {
        ArgumentNullException.ThrowIfNull(end);
        return end.Contains('.', StringComparison.Ordinal);
    }

    /// <summary>The switch or router that an end belongs to.</summary>
    /// <param name="end">An end of a link, or what something is plugged into.</param>
    public static string NodeOf(string end)
    {
        ArgumentNullException.ThrowIfNull(end);
        return end.IndexOf('.', StringComparison.Ordinal) is >= 0 and int dot ? end[..dot] : end;
    }

    /// <summary>What links join to one end, the end included.</summary>
    internal static HashSet<string> Spread(string first, IEnumerable<LinkModel> links)
    {
        HashSet<string> joined = [first];
        LinkModel[] all = [.. links];
        while (Array.Find(all, link => joined.Contains(link.A) != joined.Contains(link.B)) is { } link)
            joined.UnionWith([link.A, link.B]);
        return joined;
    }

    private static bool IsAt(string end, string name) => end == name || NodeOf(end) == name;
}
