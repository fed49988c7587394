using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fabric.Link.Host;
using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

// An ICMP datagram socket needs no right but that of the host's ping_group_range, a raw socket that of root; either will do.

/// <summary>Measures the path MTU to one far end by echoes of the host: the sockets of a <see cref="PathMtuSearch"/>.</summary>
internal sealed class PathMtuProbe : IDisposable
{
    private const int MostErrors = 64;
    private static readonly TimeSpan s_linger = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly bool _isRaw;
    private readonly UdpUnderlay _underlay;
    private readonly IpAddress _remote;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly ushort _identifier;
    private readonly byte[] _buffer = new byte[PathMtuSearch.Longest];
    private readonly List<(int Length, long Sent)> _sent = [];
    private readonly PathMtuSearch _search;
    private int _errors;

    private PathMtuProbe(UdpUnderlay underlay, IpAddress remote, Socket socket, int known, int wanted, TimeProvider time)
    {
        _underlay = underlay;
        _remote = remote;
        _socket = socket;
        _isRaw = socket.SocketType == SocketType.Raw;
        _time = time;
        _began = time.GetTimestamp();
        _identifier = (ushort)HashCode.Combine(Environment.ProcessId, remote, _began);
        _search = new PathMtuSearch(remote, LongestByInterface(Math.Min(known, PathMtuSearch.Longest)), wanted, () => underlay.MtuTo(remote));
    }

    private int HeaderLength => _remote.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength;

    public void Dispose() => _socket.Dispose();

    /// <summary>Measures; takes two seconds at most, and as long as one echo where all is well.</summary>
    /// <param name="underlay">From where.</param>
    /// <param name="space">Its network namespace; null for the present one.</param>
    /// <param name="remote">Whereto; no group.</param>
    /// <param name="wanted">A length that is tried at once, in bytes.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancel">Gives up.</param>
    internal static async Task<PathMtu> MeasureAsync(UdpUnderlay underlay, string? space, IpAddress remote, int wanted, TimeProvider time, CancellationToken cancel)
    {
        int known = underlay.MtuTo(remote);
        if (known == 0)
            return new PathMtu(remote, PathState.NoWay, 0, 0);
        Socket? socket = NetworkNamespace.Run(space, () => TryOpen(underlay.Local, remote));
        if (socket is null)
            return new PathMtu(remote, PathState.NotAllowed, known, 0);
        using PathMtuProbe probe = new(underlay, remote, socket, known, wanted, time);
        return await probe.RunAsync(cancel);
    }

    private static Socket? TryOpen(IpAddress local, IpAddress remote) => TryOpen(local, remote, SocketType.Dgram) ?? TryOpen(local, remote, SocketType.Raw);

    private static Socket? TryOpen(IpAddress local, IpAddress remote, SocketType type)
    {
        Socket? socket = null;
        try
        {
            socket = local.IsV4 ? new Socket(AddressFamily.InterNetwork, type, ProtocolType.Icmp) : new Socket(AddressFamily.InterNetworkV6, type, ProtocolType.IcmpV6);
            int discover = Native.ProbePath;
            socket.SetRawSocketOption(local.IsV4 ? Native.IpLevel : Native.Ipv6Level, local.IsV4 ? Native.IpMtuDiscover : Native.Ipv6MtuDiscover, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in discover)));
            socket.Bind(new IPEndPoint(local.ToIPAddress(), 0));
            socket.Connect(new IPEndPoint(remote.ToIPAddress(), 0));
            return socket;
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null;
        }
    }

    private async Task<PathMtu> RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            foreach (int length in _search.Next(_time.GetElapsedTime(_began)))
                _ = TrySend(length);
            if (_search.Result is { } result)
                return result;
            TimeSpan rest = _search.Due - _time.GetElapsedTime(_began);
            if (rest > TimeSpan.Zero)
                await TryReceiveAsync(rest, cancel);

            // This process may have been away longer than the wait was.
            while (_socket.Available != 0 && await TryReceiveAsync(s_linger, cancel))
            {
            }
        }
    }

    /// <summary>Finds what the interface takes, which may be more than the host remembers of the way beyond it. Where it is not, that costs
    /// one refused packet.</summary>
    private int LongestByInterface(int known)
    {
        int refused = PathMtuSearch.Longest + 1;
        for (int next = known + 1; known + 1 < refused; next = (known + refused) / 2)
        {
            if (TrySend(next))
                known = next;
            else
                refused = next;
        }

        return known;
    }

    /// <returns>False when the interface does not take it.</returns>
    private bool TrySend(int length)
    {
        Span<byte> message = _buffer.AsSpan(0, length - HeaderLength);
        message.Clear();
        IcmpView.WriteHeader(message, _remote.IsV4 ? (byte)IcmpType.Echo : (byte)Icmpv6Type.EchoRequest, 0, ((uint)_identifier << 16) | (ushort)_sent.Count);
        _sent.Add((length, _time.GetTimestamp()));

        // ICMPv6's is made by the host.
        if (_remote.IsV4)
            HeaderWriter.StoreChecksum(message, _underlay.Local, _remote, IpProtocol.Icmp);
        for (int tries = 0; tries < 2; tries++)
        {
            try
            {
                _socket.Send(message);
                return true;
            }
            catch (SocketException)
            {
                // What a router said of an earlier one is told first, and once.
            }
        }

        return false;
    }

    /// <summary>Takes one message.</summary>
    /// <returns>False when the time is over.</returns>
    private async Task<bool> TryReceiveAsync(TimeSpan wait, CancellationToken cancel)
    {
        using CancellationTokenSource over = new(wait, _time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(cancel, over.Token);
        try
        {
            int taken = await _socket.ReceiveAsync(_buffer.AsMemory(), both.Token);
            Note(_buffer.AsSpan(0, taken));
            return true;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
        catch (SocketException)
        {
            // Each echo may be refused once; more than that is an interface that has gone.
            if (++_errors > MostErrors)
                await Task.Delay(wait, _time, cancel);
            return true;
        }
    }

    private void Note(ReadOnlySpan<byte> message)
    {
        // A raw IPv4 socket gives the IP header too.
        if (_isRaw && _remote.IsV4)
            message = Ipv4View.TryParse(message, out Ipv4View packet) ? packet.Payload : [];
        if (!IcmpView.TryParse(message, out IcmpView reply) || message[0] != (_remote.IsV4 ? (byte)IcmpType.EchoReply : (byte)Icmpv6Type.EchoReply))
            return;

        // A datagram socket has an identifier of its own, and gets no other's.
        if ((_isRaw && reply.Identifier != _identifier) || reply.SequenceNumber >= _sent.Count)
            return;
        (int length, long sent) = _sent[reply.SequenceNumber];
        if (message.Length != length - HeaderLength)
            return;
        _search.Answered(length, _time.GetElapsedTime(sent));
    }
}
