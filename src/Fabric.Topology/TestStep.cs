namespace Fabric.Topology;

/// <summary>One step of a topology's <c>tests:</c>.</summary>
/// <param name="Title">What the step shows, for the report: given, or made from its fields.</param>
/// <param name="Line">Line in the file, from 1.</param>
public abstract record TestStep(string Title, int Line);

/// <summary>A machine or host pings another, or an address; every echo must come back.</summary>
/// <param name="Title">For the report.</param>
/// <param name="Line">Line in the file, from 1.</param>
/// <param name="From">Machine or host that pings.</param>
/// <param name="To">Address that is pinged: given, or the first address of the machine named; null where that is known only at run time.</param>
/// <param name="Count">Number of echoes.</param>
public sealed record PingStep(string Title, int Line, string From, System.Net.IPAddress? To, int Count) : TestStep(Title, Line)
{
    /// <summary>Machine or host that is pinged where its address is known only at run time; else null.</summary>
    public string? Target { get; init; }

    /// <summary>True when a host pings, not a machine.</summary>
    public bool IsFromHost { get; init; }

    /// <summary>True when no echo at all may come back.</summary>
    public bool ExpectsSilence { get; init; }

    /// <summary>How long it may take until all comes as expected; it is tried again and again until then. Zero to try once.</summary>
    public TimeSpan Within { get; init; }
}

/// <summary>A command runs in a guest; its exit status and output are judged.</summary>
/// <param name="Title">For the report.</param>
/// <param name="Line">Line in the file, from 1.</param>
/// <param name="Vm">Machine it runs in.</param>
/// <param name="Run">Shell command.</param>
/// <param name="Expect">Text that the standard output must contain, or null.</param>
/// <param name="Status">Exit status expected.</param>
/// <param name="Timeout">Longest time it may take.</param>
public sealed record ExecStep(string Title, int Line, string Vm, string Run, string? Expect, int Status, TimeSpan Timeout)
    : TestStep(Title, Line);

/// <summary>A machine is stopped in order and started again; the step ends when its agent answers.</summary>
/// <param name="Title">For the report.</param>
/// <param name="Line">Line in the file, from 1.</param>
/// <param name="Vm">The machine.</param>
public sealed record RestartStep(string Title, int Line, string Vm) : TestStep(Title, Line);

/// <summary>A link between two switches is cut or mended.</summary>
/// <param name="Title">For the report.</param>
/// <param name="Line">Line in the file, from 1.</param>
/// <param name="A">Switch at one end.</param>
/// <param name="B">Switch at the other end.</param>
/// <param name="IsUp">True to mend it.</param>
public sealed record LinkStep(string Title, int Line, string A, string B, bool IsUp) : TestStep(Title, Line);

/// <summary>A router knows a way, or knows none.</summary>
/// <param name="Title">For the report.</param>
/// <param name="Line">Line in the file, from 1.</param>
/// <param name="Router">The router.</param>
/// <param name="To">The network; for an address, of full length.</param>
public sealed record RouteStep(string Title, int Line, string Router, System.Net.IPNetwork To) : TestStep(Title, Line)
{
    /// <summary>True when a route to exactly this network is meant, false when the way that packets to this address take.</summary>
    public bool IsPrefix { get; init; }

    /// <summary>True when there must be none.</summary>
    public bool IsMissing { get; init; }

    /// <summary>One of the next routers, or null for any.</summary>
    public System.Net.IPAddress? Via { get; init; }

    /// <summary>Full name of the interface that it leaves by, or null for any.</summary>
    public string? Out { get; init; }

    /// <summary>Who has told of it: connected, static or rip; null for anybody.</summary>
    public string? Source { get; init; }

    /// <summary>How long it may take until it is as expected. Zero to look once.</summary>
    public TimeSpan Within { get; init; }
}
