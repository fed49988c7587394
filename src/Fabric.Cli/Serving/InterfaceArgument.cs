using Fabric.Link.Packet;

namespace Fabric.Cli.Serving;

/// <summary>Reads what stands after <c>--interface</c>.</summary>
internal static class InterfaceArgument
{
    /// <summary>How it is written.</summary>
    public const string Form = "NAME[,netns=NS][,offloads=off]";

    /// <summary>Reads one.</summary>
    /// <exception cref="CliException">It says something else.</exception>
    public static (PacketSocketOptions Options, PortSettings Port) Parse(string text)
    {
        PortArgument argument = PortArgument.Read("--interface", text, Form, "netns", "offloads");
        PacketSocketOptions options = new(argument.Name);
        foreach ((string key, string value) in argument.Own)
        {
            options = key switch
            {
                "netns" => options with { Namespace = value },
                "offloads" => options with { Offloads = argument.Switch(key, value) },
                _ => throw argument.Unknown(key),
            };
        }

        return (options, argument.Port);
    }
}
