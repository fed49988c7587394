using System.Net;
using Fabric.Link.Streams;

namespace Fabric.Cli.Serving;

/// <summary>What stands after <c>--stream</c>: a socket where QEMU's <c>-netdev stream</c>, or another switch, is met.</summary>
/// <param name="Name">Name of the port.</param>
/// <param name="EndPoint">Where.</param>
/// <param name="Connects">True when the other side waits there.</param>
/// <param name="Port">What passes.</param>
internal sealed record StreamArgument(string Name, EndPoint EndPoint, bool Connects, PortSettings Port)
{
    /// <summary>How it is written.</summary>
    public const string Form = "PATH|tcp:HOST:PORT[,name=NAME][,connect=on]";

    /// <summary>Reads one.</summary>
    /// <exception cref="CliException">It says something else.</exception>
    public static StreamArgument Parse(string text)
    {
        PortArgument argument = PortArgument.Read("--stream", text, Form, "name", "connect");
        StreamArgument stream = new(EndPointText.NameOf(argument.Name), EndPointText.Parse(argument, argument.Name, "tcp"), false, argument.Port);
        foreach ((string key, string value) in argument.Own)
        {
            stream = key switch
            {
                "name" => stream with { Name = value },
                "connect" => stream with { Connects = argument.Switch(key, value) },
                _ => throw argument.Unknown(key),
            };
        }

        return stream;
    }

    /// <summary>Makes the port.</summary>
    /// <exception cref="Fabric.Link.LinkException">The address is taken, or the host refuses.</exception>
    public StreamPort Open() => Connects ? StreamPort.Connect(Name, EndPoint, TimeProvider.System) : StreamPort.Listen(Name, EndPoint, TimeProvider.System);
}
