using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Fabric.Nbd;

/// <summary>The address of an export (NetworkBlockDevice/nbd, doc/uri.md): <c>nbd://host[:port]/export</c> and
/// <c>nbd+unix:///export?socket=PATH</c>.</summary>
/// <param name="EndPoint">Where the server listens: a unix socket, or a name or address and a port.</param>
/// <param name="Export">The export's name.</param>
public sealed record NbdUri(EndPoint EndPoint, string Export)
{
    /// <summary>The port of NBD servers.</summary>
    public const int DefaultPort = 10809;

    private const string Tcp = "nbd";
    private const string Unix = "nbd+unix";
    private const string SocketKey = "socket=";

    /// <summary>True when a name looks like an address of this kind, well-formed or not.</summary>
    public static bool Looks(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(Tcp + "://", StringComparison.OrdinalIgnoreCase) || name.StartsWith(Unix + "://", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads an address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="uri">Its parts.</param>
    /// <param name="fault">What is wrong with it.</param>
    public static bool TryParse(string text, out NbdUri? uri, out string? fault)
    {
        uri = null;
        fault = "is no address of an NBD export; write nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH";
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? parsed) || parsed.Scheme is not (Tcp or Unix) || parsed.UserInfo.Length > 0 || parsed.Fragment.Length > 0)
            return false;
        string export = Uri.UnescapeDataString(parsed.AbsolutePath.TrimStart('/'));
        EndPoint? endPoint = parsed.Scheme == Unix ? UnixEndPoint(parsed, ref fault) : TcpEndPoint(parsed);
        if (endPoint is null)
            return false;
        uri = new NbdUri(endPoint, export);
        fault = null;
        return true;
    }

    /// <summary>Writes an address.</summary>
    /// <param name="endPoint">Where the server listens.</param>
    /// <param name="export">The export's name.</param>
    public static string Format(EndPoint endPoint, string export)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        string name = Uri.EscapeDataString(export);
        return endPoint is UnixDomainSocketEndPoint
            ? $"{Unix}:///{name}?{SocketKey}{Uri.EscapeDataString(endPoint.ToString()!).Replace("%2F", "/", StringComparison.Ordinal)}"
            : $"{Tcp}://{Name(endPoint)}/{name}";
    }

    /// <inheritdoc/>
    public override string ToString() => Format(EndPoint, Export);

    /// <summary>An end point's name: a path, or host and port.</summary>
    internal static string Name(EndPoint endPoint) => endPoint switch
    {
        DnsEndPoint dns => string.Create(CultureInfo.InvariantCulture, $"{dns.Host}:{dns.Port}"),
        _ => endPoint.ToString()!,
    };

    private static UnixDomainSocketEndPoint? UnixEndPoint(Uri parsed, ref string? fault)
    {
        string path = "";
        foreach (string part in parsed.Query.TrimStart('?').Split('&'))
            if (part.StartsWith(SocketKey, StringComparison.Ordinal))
                path = Uri.UnescapeDataString(part[SocketKey.Length..]);
        if (path.Length == 0 || parsed.Host.Length > 0)
        {
            fault = "does not name its socket; write nbd+unix:///EXPORT?socket=PATH";
            return null;
        }

        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentException)
        {
            fault = $"names a socket whose path is too long: {path}";
            return null;
        }
    }

    private static EndPoint? TcpEndPoint(Uri parsed)
    {
        if (parsed.Host.Length == 0)
            return null;
        int port = parsed.IsDefaultPort || parsed.Port < 0 ? DefaultPort : parsed.Port;
        return IPAddress.TryParse(parsed.Host.Trim('[', ']'), out IPAddress? address) ? new IPEndPoint(address, port) : new DnsEndPoint(parsed.Host, port);
    }
}
