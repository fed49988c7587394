using Fabric.Hosts.Internet;
using Fabric.Wire;

namespace Fabric.Hosts.Tcp;

/// <summary>The connections of a host, and the ports where it takes new ones.</summary>
internal sealed class TcpPorts(HostStack stack) : Timed
{
    internal const int MaxConnections = 64;

    private const ushort FirstEphemeral = 49152;
    private Dictionary<ushort, Func<TcpApplication>>? _listeners;
    private Dictionary<TcpKey, TcpConnection>? _connections;

    internal void Listen(ushort port, Func<TcpApplication> accept) => (_listeners ??= []).Add(port, accept);

    /// <summary>Number of connections, those included that are over and wait.</summary>
    internal int Count => _connections?.Count ?? 0;

    /// <summary>Opens a connection from a free port.</summary>
    /// <returns>Null when there is no address to open it from, or no room.</returns>
    internal TcpConnection? Open(IpAddress remote, ushort port, TcpApplication application)
    {
        if (!stack.Addresses.TrySource(remote, out IpAddress source))
            return null;
        TcpKey key = new(source, (ushort)stack.Random.Next(FirstEphemeral, ushort.MaxValue + 1), remote, port);
        while (_connections?.ContainsKey(key) == true)
            key = key with { LocalPort = key.LocalPort == ushort.MaxValue ? FirstEphemeral : (ushort)(key.LocalPort + 1) };
        if (Add(key, application) is not { } connection)
            return null;
        connection.Open();
        Settle(connection);
        return connection;
    }

    internal void Accept(in Packet packet)
    {
        if (!TcpView.TryParse(packet.Payload, out TcpView segment))
        {
            stack.Drop(HostDrop.Malformed);
            return;
        }

        if (!HeaderWriter.IsChecksumValid(packet.Payload, packet.Addresses, IpProtocol.Tcp))
        {
            stack.Drop(HostDrop.BadChecksum);
            return;
        }

        // RFC 1122, 4.2.3.10: TCP is for two.
        if (packet.IsGroup)
        {
            stack.Drop(HostDrop.StraySegment);
            return;
        }

        TcpKey key = new(packet.Destination, segment.DestinationPort, packet.Source, segment.SourcePort);
        if (_connections is not null && _connections.TryGetValue(key, out TcpConnection? connection) && !GivesWay(connection, in segment))
        {
            connection.Accept(in segment);
            Settle(connection);
        }
        else
        {
            AcceptNew(key, in segment);
        }
    }

    /// <summary>Answers a segment that belongs to no connection (RFC 9293, 3.10.7.1).</summary>
    internal void Reset(TcpKey key, uint sequence, uint acknowledgement, TcpFlags flags)
    {
        Span<byte> segment = PacketOutput.Transport[..TcpView.MinHeaderLength];
        HeaderWriter.Tcp(segment, key.LocalPort, key.RemotePort, sequence, acknowledgement, flags, 0);
        stack.Output.Send(key.Local, key.Remote, IpProtocol.Tcp, segment.Length);
    }

    /// <summary>Lets a connection send what its application has written meanwhile.</summary>
    internal void Settle(TcpConnection connection)
    {
        connection.Output();
        if (connection.State == TcpState.Closed)
            _connections!.Remove(connection.Key);
        else
            Schedule(connection.Due);
    }

    internal void Stop()
    {
        foreach (TcpConnection connection in _connections?.Values.ToArray() ?? [])
            connection.Abort($"host '{stack.Options.Name}' stopped", reset: true);
        _connections = null;
    }

    protected override void Tick()
    {
        // A tick may end connections, which takes them out of the table.
        List<TcpConnection>? due = null;
        foreach (TcpConnection connection in _connections?.Values ?? Enumerable.Empty<TcpConnection>())
        {
            if (connection.Due <= stack.Now)
                (due ??= []).Add(connection);
            else
                Schedule(connection.Due);
        }

        foreach (TcpConnection connection in due ?? [])
        {
            connection.Tick();
            Settle(connection);
        }
    }

    /// <summary>A new SYN may take the place of a connection that is over (RFC 9293, 3.6.1).</summary>
    private bool GivesWay(TcpConnection connection, in TcpView segment)
    {
        bool over = connection.State == TcpState.TimeWait && (segment.Flags & (TcpFlags.Synchronize | TcpFlags.Acknowledge)) == TcpFlags.Synchronize;
        if (over)
            _connections!.Remove(connection.Key);
        return over;
    }

    private void AcceptNew(TcpKey key, in TcpView segment)
    {
        TcpFlags flags = segment.Flags;
        bool opens = (flags & (TcpFlags.Synchronize | TcpFlags.Acknowledge | TcpFlags.Reset)) == TcpFlags.Synchronize;
        if (opens && _listeners is not null && _listeners.TryGetValue(key.LocalPort, out Func<TcpApplication>? accept))
        {
            if (Add(key, accept()) is { } connection)
            {
                connection.Answer(in segment);
                Settle(connection);
            }
            else
            {
                stack.Drop(HostDrop.TooManyConnections);
            }

            return;
        }

        stack.Drop(HostDrop.StraySegment);
        if ((flags & TcpFlags.Reset) != 0)
            return;
        if ((flags & TcpFlags.Acknowledge) != 0)
        {
            Reset(key, segment.AcknowledgementNumber, 0, TcpFlags.Reset);
            return;
        }

        uint length = (uint)segment.Payload.Length + ((flags & TcpFlags.Synchronize) != 0 ? 1u : 0) + ((flags & TcpFlags.Finish) != 0 ? 1u : 0);
        Reset(key, 0, segment.SequenceNumber + length, TcpFlags.Reset | TcpFlags.Acknowledge);
    }

    /// <summary>Makes room if need be: first what is over, then who has asked and not gone on (a flood of SYNs).</summary>
    private TcpConnection? Add(TcpKey key, TcpApplication application)
    {
        _connections ??= [];
        if (_connections.Count >= MaxConnections)
        {
            TcpConnection? victim = _connections.Values.Where(item => item.State is TcpState.TimeWait or TcpState.SynReceived)
                .MinBy(item => (item.State == TcpState.TimeWait ? 0 : 1, item.LastUse));
            if (victim is null)
                return null;
            victim.Abort("given up for a newer one", reset: false);
            _connections.Remove(victim.Key);
        }

        TcpConnection added = new(stack, key, application);
        _connections.Add(key, added);
        return added;
    }
}
