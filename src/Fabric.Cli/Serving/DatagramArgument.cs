using System.Net;
using Fabric.Link.Streams;

namespace Fabric.Cli.Serving;

/// <summary>What stands after <c>--dgram</c>: two datagram sockets, ours and that of QEMU's <c>-netdev dgram</c> or another switch.</summary>
/// <param name="Name">Name of the port.</param>
/// <param name="Local">Where it receives.</param>
/// <param name="Peer">Where it sends, and whom alone it hears.</param>
/// <param name="Port">What passes.</param>
internal sealed record DatagramArgument(string Name, EndPoint Local, EndPoint Peer, PortSettings Port)
{
    /// <summary>How it is written.</summary>
    public const string Form = "PATH|udp:HOST:PORT,peer=PATH|udp:HOST:PORT[,name=NAME]";

    /// <summary>Reads one.</summary>
    /// <exception cref="CliException">It says something else.</exception>
    public static DatagramArgument Parse(string text)
    {
        PortArgument argument = PortArgument.Read("--dgram", text, Form, "name", "peer");
        string name = EndPointText.NameOf(argument.Name);
        EndPoint? peer = null;
        foreach ((string key, string value) in argument.Own)
        {
            if (key == "name")
                name = value;
            else if (key == "peer")
                peer = EndPointText.Parse(argument, value, "udp");
            else
                throw argument.Unknown(key);
        }

        return new DatagramArgument(name, EndPointText.Parse(argument, argument.Name, "udp"), peer ?? throw argument.Wrong($"a datagram port needs its peer; the form is {Form}"), argument.Port);
    }

    /// <summary>Makes the port.</summary>
    /// <exception cref="Fabric.Link.LinkException">The address is taken, or the host refuses.</exception>
    public DatagramPort Open() => DatagramPort.Open(Name, Local, Peer);
}
