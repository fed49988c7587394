using Fabric.Link.Host;
using Fabric.Link.Taps;
using Fabric.Wire;

namespace Fabric.Cli.Serving;

/// <summary>Reads what stands after <c>--tap</c>.</summary>
internal static class TapArgument
{
    /// <summary>How it is written.</summary>
    public const string Form = "NAME[,netns=NS][,queues=N][,address=CIDR][,mac=MAC][,mtu=N][,offloads=off][,up=off]";

    private const int LeastMtu = 68;
    private const int MostMtu = 65521;

    /// <summary>Reads one.</summary>
    /// <exception cref="CliException">It says something else.</exception>
    public static (TapOptions Options, PortSettings Port) Parse(string text)
    {
        PortArgument argument = PortArgument.Read("--tap", text, Form, "netns", "queues", "address", "mac", "mtu", "offloads", "up");
        TapOptions options = new(argument.Name);
        foreach ((string key, string value) in argument.Own)
            options = Apply(options, argument, key, value);
        return (options, argument.Port);
    }

    private static TapOptions Apply(TapOptions options, PortArgument argument, string key, string value) => key switch
    {
        "netns" => options with { Namespace = value },
        "queues" => options with { Queues = argument.Number(key, value, 1, TapOptions.MostQueues) },
        "mtu" => options with { Mtu = argument.Number(key, value, LeastMtu, MostMtu) },
        "offloads" => options with { Offloads = argument.Switch(key, value) },
        "up" => options with { SetUp = argument.Switch(key, value) },
        "address" => options with
        {
            Address = InterfaceAddress.TryParse(value, out InterfaceAddress address) ? address
                : throw argument.Wrong($"'{value}' is no address; write ADDRESS/LENGTH, such as 10.0.0.1/24"),
        },
        "mac" => options with
        {
            Mac = MacAddress.TryParse(value, out MacAddress mac) && !mac.IsGroup ? mac
                : throw argument.Wrong($"'{value}' is no station's MAC address; write it like 02:00:00:00:00:01"),
        },
        _ => throw argument.Unknown(key),
    };
}
