using System.Net;
using System.Net.Sockets;

namespace Fabric.Link.Streams;

/// <summary>Sockets at a unix path or an address, and the file that a unix socket leaves.</summary>
internal static class SocketFile
{
    private const int Backlog = 16;

    /// <summary>Makes a socket of the end point's family.</summary>
    internal static Socket Create(EndPoint endPoint, SocketType type = SocketType.Stream) => new(
        endPoint.AddressFamily,
        type,
        endPoint is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);

    /// <summary>Listens.</summary>
    /// <exception cref="LinkException">The address is taken, or the host refuses it.</exception>
    internal static Socket Listen(EndPoint endPoint)
    {
        RemoveDead(endPoint, SocketType.Stream);
        Socket socket = Create(endPoint);
        try
        {
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Refused(endPoint, e);
        }
    }

    /// <summary>Removes the file of a unix socket that no process holds any more; nothing for an address.</summary>
    internal static void RemoveDead(EndPoint endPoint, SocketType type)
    {
        if (endPoint is UnixDomainSocketEndPoint && IsDead(endPoint, type))
            Remove(endPoint);
    }

    /// <summary>Removes the file of a unix socket; nothing for an address.</summary>
    internal static void Remove(EndPoint endPoint)
    {
        if (endPoint is UnixDomainSocketEndPoint)
            File.Delete(endPoint.ToString()!);
    }

    /// <summary>Tells what the operator can do about an address that cannot be had.</summary>
    internal static LinkException Refused(EndPoint endPoint, SocketException e) => new(e.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => $"{endPoint}: another process listens there already; stop it or choose another address",
        SocketError.AccessDenied => $"{endPoint}: no right to listen there; choose a folder of your own or a port above 1023",
        SocketError.AddressNotAvailable => $"{endPoint}: this host has no such address; 'ip address' lists those it has",
        _ => $"{endPoint}: cannot listen there: {e.Message}",
    });

    private static bool IsDead(EndPoint endPoint, SocketType type)
    {
        if (!File.Exists(endPoint.ToString()))
            return false;
        using Socket probe = Create(endPoint, type);
        try
        {
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }
}
