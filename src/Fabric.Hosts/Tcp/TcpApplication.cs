namespace Fabric.Hosts.Tcp;

/// <summary>What stands at this end of a connection. Called under the host's lock.</summary>
internal abstract class TcpApplication
{
    /// <summary>Bytes it would take now: the receive window.</summary>
    internal abstract int Room(TcpConnection connection);

    /// <summary>The connection is open.</summary>
    internal virtual void Connected(TcpConnection connection)
    {
    }

    /// <summary>Data in order; never more than there was room for.</summary>
    internal abstract void Data(TcpConnection connection, ReadOnlySpan<byte> data);

    /// <summary>Some of what was written has been acknowledged.</summary>
    internal virtual void Acknowledged(TcpConnection connection)
    {
    }

    /// <summary>The other side will send no more.</summary>
    internal virtual void RemoteFinished(TcpConnection connection) => connection.Finish();

    /// <summary>The connection is gone.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="error">Why, when it did not end in order.</param>
    internal virtual void Closed(TcpConnection connection, string? error)
    {
    }
}
