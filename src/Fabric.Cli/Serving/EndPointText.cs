using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fabric.Cli.Serving;

/// <summary>Places of sockets as they are written: a path, or tcp:HOST:PORT, or udp:HOST:PORT.</summary>
internal static class EndPointText
{
    private const int LongestPath = 107;

    /// <summary>Reads one.</summary>
    /// <param name="argument">What it is part of, for messages.</param>
    /// <param name="text">The place.</param>
    /// <param name="scheme">tcp or udp.</param>
    /// <exception cref="CliException">It is none.</exception>
    public static EndPoint Parse(PortArgument argument, string text, string scheme)
    {
        if (text.StartsWith(scheme + ":", StringComparison.Ordinal))
        {
            return IPEndPoint.TryParse(text.AsSpan(scheme.Length + 1), out IPEndPoint? address) ? address
                : throw argument.Wrong($"'{text}' is no address; write it like {scheme}:127.0.0.1:5000 or {scheme}:[::1]:5000");
        }

        string path = Path.GetFullPath(text);
        return text.Length > 0 && Encoding.UTF8.GetByteCount(path) <= LongestPath ? new UnixDomainSocketEndPoint(path)
            : throw argument.Wrong(text.Length == 0 ? "there is no path" : $"'{path}' is longer than the {LongestPath} bytes that the host allows for the path of a socket");
    }

    /// <summary>What a port there is called unless it gets a name.</summary>
    public static string NameOf(string text) => text.Contains(':', StringComparison.Ordinal) ? text : Path.GetFileName(text);
}
