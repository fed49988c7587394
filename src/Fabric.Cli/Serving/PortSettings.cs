using Fabric.Link;
using Fabric.Switch;
using Fabric.Switch.Vlans;
using Fabric.Topology;

namespace Fabric.Cli.Serving;

/// <summary>What the switch lets a port do: the settings that every option which makes a port takes.</summary>
internal sealed record PortSettings
{
    /// <summary>How they are written.</summary>
    public const string Form = "vlan=N, trunk=LIST such as 10+20-29, native=N, tunnel=N, isolated=on, police=RATE, shape=RATE, edge=on";

    /// <summary>None of them.</summary>
    public static PortSettings Plain { get; } = new();

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Keys { get; } = ["vlan", "trunk", "native", "tunnel", "isolated", "police", "shape", "edge"];

    /// <summary>What passes.</summary>
    public PortOptions Options { get; private init; } = PortOptions.Plain;

    /// <summary>Most that leaves by the port, or null.</summary>
    public RateLimit? Shape { get; private init; }

    /// <summary>With a spanning tree: no switch is behind the port; null to find out.</summary>
    public bool? IsEdge { get; private init; }

    /// <summary>Reads those among an argument's settings.</summary>
    /// <exception cref="CliException">One says something else, or two contradict each other.</exception>
    public static PortSettings Read(PortArgument argument)
    {
        PortSettings settings = Plain;
        foreach ((string key, string value) in argument.Values.Where(item => Keys.Contains(item.Key)))
            settings = settings.With(argument, key, value);
        return VlanOf(argument) is { } vlan ? settings with { Options = settings.Options with { Vlan = vlan } } : settings;
    }

    private PortSettings With(PortArgument argument, string key, string value) => key switch
    {
        "isolated" => this with { Options = Options with { IsIsolated = argument.Switch(key, value) } },
        "police" => this with { Options = Options with { Police = Rate(argument, key, value) } },
        "shape" => this with { Shape = Rate(argument, key, value) },
        "edge" => this with { IsEdge = argument.Switch(key, value) },
        _ => this,
    };

    private static PortVlan? VlanOf(PortArgument argument)
    {
        string[] modes = [.. argument.Values.Keys.Where(key => key is "vlan" or "trunk" or "tunnel")];
        if (modes.Length > 1)
            throw argument.Wrong($"a port takes only one of vlan, trunk and tunnel; here are {string.Join(" and ", modes)}");
        bool hasNative = argument.Values.TryGetValue("native", out string? native);
        if (hasNative && modes is not ["trunk"])
            throw argument.Wrong($"native={native} goes with trunk; for a port of one VLAN write vlan={native}");
        try
        {
            return modes switch
            {
                ["vlan"] => PortVlan.Access(Vid("vlan")),
                ["tunnel"] => PortVlan.Tunnel(Vid("tunnel")),
                ["trunk"] => PortVlan.Trunk(VlanSet.Parse(argument.Values["trunk"].Replace('+', ',')), hasNative ? Vid("native") : 0),
                _ => null,
            };
        }
        catch (SwitchException e)
        {
            throw argument.Wrong(e.Message);
        }

        int Vid(string key) => argument.Number(key, argument.Values[key], 1, 4094);
    }

    private static RateLimit Rate(PortArgument argument, string key, string value) => BitRate.TryParse(value, out long bits) ? new RateLimit(bits)
        : throw argument.Wrong($"{key} takes a rate such as 64kbit, 100Mbit or 2.5Gbit, not '{value}'");
}
