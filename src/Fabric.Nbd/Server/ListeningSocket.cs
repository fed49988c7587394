using System.Net;
using System.Net.Sockets;
using Fabric.Disk;

namespace Fabric.Nbd.Server;

/// <summary>Opens and closes the socket that a server listens on.</summary>
internal static class ListeningSocket
{
    /// <summary>Opens a listening socket.</summary>
    /// <exception cref="DiskException">The end point is taken or cannot be used.</exception>
    internal static Socket Open(EndPoint endPoint, int backlog)
    {
        if (endPoint is UnixDomainSocketEndPoint unix)
            MakeRoom(unix);
        Socket socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endPoint);
            socket.Listen(backlog);
            return socket;
        }
        catch (SocketException refused)
        {
            socket.Dispose();
            throw new DiskException(NbdUri.Name(endPoint), $"cannot be listened on: {refused.Message}", -1, refused);
        }
    }

    /// <summary>Wakes whoever accepts, and removes the unix socket's file.</summary>
    internal static void Close(Socket listener)
    {
        string? path = (listener.LocalEndPoint as UnixDomainSocketEndPoint)?.ToString();
        listener.Dispose();
        if (path is not null)
            File.Delete(path);
    }

    /// <summary>Removes the socket file that a dead server left; refuses where a live one listens, or where something else stands.</summary>
    private static void MakeRoom(UnixDomainSocketEndPoint endPoint)
    {
        string path = endPoint.ToString();
        if (!File.Exists(path))
            return;
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Linux refuses for a socket nobody listens on, and for a file that is no socket.
            if (new FileInfo(path).Length > 0)
                throw new DiskException(path, "is not a socket; choose another name", -1, refused);
            File.Delete(path);
            return;
        }
        catch (SocketException other)
        {
            throw new DiskException(path, $"is in the way: {other.Message}", -1, other);
        }

        throw new DiskException(path, "another server listens there; stop it, or choose another name");
    }
}
