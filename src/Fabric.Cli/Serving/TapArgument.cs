using System.Globalization;
using Fabric.Cli.Disks;
using Fabric.Link.Host;
using Fabric.Link.Taps;
using Fabric.Wire;

namespace Fabric.Cli.Serving;

/// <summary>Reads what stands after <c>--tap</c>.</summary>
internal static class TapArgument
{
    /// <summary>How it is written.</summary>
    public const string Form = "NAME[,netns=NS][,queues=N][,address=CIDR][,mac=MAC][,mtu=N][,offloads=off][,up=off]";

    private static readonly string[] Keys = ["netns", "queues", "address", "mac", "mtu", "offloads", "up"];

    /// <summary>Reads one.</summary>
    /// <exception cref="CliException">It says something else.</exception>
    public static TapOptions Parse(string text)
    {
        int comma = text.IndexOf(',', StringComparison.Ordinal);
        Dictionary<string, string> values = [];
        if (comma >= 0)
            KeyValues.Read(text[(comma + 1)..], values);
        TapOptions options = new(comma < 0 ? text : text[..comma]);
        foreach ((string key, string value) in values)
            options = Apply(options, text, key, value);
        return options;
    }

    private static TapOptions Apply(TapOptions options, string text, string key, string value) => key switch
    {
        "netns" => options with { Namespace = value },
        "queues" => options with { Queues = Number(text, key, value, 1, TapOptions.MostQueues) },
        "mtu" => options with { Mtu = Number(text, key, value, 68, 65521) },
        "offloads" => options with { Offloads = Switch(text, key, value) },
        "up" => options with { SetUp = Switch(text, key, value) },
        "address" => options with
        {
            Address = InterfaceAddress.TryParse(value, out InterfaceAddress address) ? address
                : throw Wrong(text, $"'{value}' is no address; write ADDRESS/LENGTH, such as 10.0.0.1/24"),
        },
        "mac" => options with
        {
            Mac = MacAddress.TryParse(value, out MacAddress mac) && !mac.IsGroup ? mac : throw Wrong(text, $"'{value}' is no station's MAC address; write it like 02:00:00:00:00:01"),
        },
        _ => throw Wrong(text, $"unknown key '{key}'" + (Fabric.Topology.NearestName.Find(key, Keys) is { } near ? $", did you mean {near}?" : $"; the form is {Form}")),
    };

    private static int Number(string text, string key, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? number
            : throw Wrong(text, $"{key} takes a number from {least} to {most}, not '{value}'");

    private static bool Switch(string text, string key, string value) => value switch
    {
        "on" => true,
        "off" => false,
        _ => throw Wrong(text, $"{key} is on or off, not '{value}'"),
    };

    private static CliException Wrong(string text, string what) => new($"--tap {text}: {what}");
}
