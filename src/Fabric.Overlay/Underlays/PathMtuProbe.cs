using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fabric.Link.Host;
using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

// How long a packet may be that reaches the far end
//
// The interface's MTU is only the first link's, and routers on the way tell of theirs only if they are let: so echoes with Don't Fragment are
// sent, of several lengths at once, and what comes back has passed. Between the longest that did and the shortest that did not the search goes
// on, in sixteen parts at a time, because each round costs the time of waiting for what never comes. A router's "too big" lowers what the host
// knows, which is where the next round looks first. Each length is sent twice before its silence counts.
//
// An ICMP datagram socket needs no right but that of the host's ping_group_range, a raw socket that of root; either will do.

/// <summary>Measures the path MTU to one far end (RFC 1191, RFC 8201, RFC 4821's way of not relying on ICMP errors).</summary>
internal sealed class PathMtuProbe : IDisposable
{
    private const int Parts = 16;
    private const int SmallestV4 = 68;
    private const int SmallestV6 = 128;
    private const int MostErrors = 64;
    private const int Longest = 65535;
    private const int MostLinger = 4;
    private static readonly TimeSpan s_whole = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(400);

    private readonly Socket _socket;
    private readonly bool _isRaw;
    private readonly UdpUnderlay _underlay;
    private readonly IpAddress _remote;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly ushort _identifier;
    private readonly byte[] _buffer = new byte[Longest];
    private readonly List<(int Length, long Sent)> _sent = [];
    private readonly HashSet<int> _answered = [];
    private TimeSpan _roundTrip = s_most;
    private int _errors;

    private PathMtuProbe(UdpUnderlay underlay, IpAddress remote, Socket socket, TimeProvider time)
    {
        _underlay = underlay;
        _remote = remote;
        _socket = socket;
        _isRaw = socket.SocketType == SocketType.Raw;
        _time = time;
        _began = time.GetTimestamp();
        _identifier = (ushort)HashCode.Combine(Environment.ProcessId, remote, _began);
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
        using PathMtuProbe probe = new(underlay, remote, socket, time);
        return await probe.SearchAsync(Math.Min(known, Longest), wanted, cancel);
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

    private async Task<PathMtu> SearchAsync(int most, int wanted, CancellationToken cancel)
    {
        int least = _remote.IsV4 ? SmallestV4 : SmallestV6;
        most = LongestByInterface(most);
        List<int> lengths = [most, least];
        if (wanted > least && wanted < most)
            lengths.Add(wanted);
        await RoundAsync(lengths, s_first, cancel);
        if (_answered.Count == 0)
            return Result(PathState.NotAnswered, 0);
        int none = most + 1;
        while (true)
        {
            int passed = _answered.Max();
            none = Math.Min(none, lengths.Where(length => length > passed).DefaultIfEmpty(none).Min());
            if (none - passed <= 1)
                return Result(PathState.Measured, passed);
            if (_time.GetElapsedTime(_began) + s_least > s_whole)
                return Result(PathState.AtLeast, passed);
            lengths = Between(passed, none);
            await RoundAsync(lengths, Wait, cancel);
        }
    }

    /// <summary>Finds what the interface takes, which may be more than the host remembers of the way beyond it. Where it is not, that costs
    /// one refused packet.</summary>
    private int LongestByInterface(int known)
    {
        int refused = Longest + 1;
        for (int next = known + 1; known + 1 < refused; next = (known + refused) / 2)
        {
            if (TrySend(next))
                known = next;
            else
                refused = next;
        }

        return known;
    }

    private TimeSpan Wait => TimeSpan.FromTicks(Math.Clamp(MostLinger * _roundTrip.Ticks, s_least.Ticks, s_most.Ticks));

    private PathMtu Result(PathState state, int measured) => new(_remote, state, _underlay.MtuTo(_remote), measured);

    /// <summary>The next lengths: what a router has told meanwhile, and sixteen parts of what is open.</summary>
    private List<int> Between(int passed, int none)
    {
        SortedSet<int> lengths = [];
        int told = _underlay.MtuTo(_remote);
        for (int part = 1; part < Parts; part++)
            lengths.Add(passed + (int)((long)(none - passed) * part / Parts));
        lengths.Add(told);
        lengths.Add(told + 1);
        lengths.Add(none - 1);
        return [.. lengths.Where(length => length > passed && length < none).Reverse()];
    }

    /// <summary>Sends echoes, twice those that are not answered in half the time, until the longest is answered or the time is over.</summary>
    private async Task RoundAsync(List<int> lengths, TimeSpan wait, CancellationToken cancel)
    {
        TimeSpan left = s_whole - _time.GetElapsedTime(_began);
        wait = wait < left ? wait : left;
        int longest = lengths.Max();
        for (int turn = 0; turn < 2 && !_answered.Contains(longest); turn++)
        {
            foreach (int length in lengths.Where(length => !_answered.Contains(length)))
                _ = TrySend(length);
            long since = _time.GetTimestamp();
            while (!_answered.Contains(longest))
            {
                // In the first round one answer tells how long the others can take.
                TimeSpan half = (_answered.Count != 0 && Wait < wait ? Wait : wait) / 2;
                TimeSpan rest = half - _time.GetElapsedTime(since);
                if (rest <= TimeSpan.Zero || !await TryReceiveAsync(rest, cancel))
                    break;
            }

            // This process may have been away longer than the wait was.
            while (_socket.Available != 0 && await TryReceiveAsync(s_least, cancel))
            {
            }
        }
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
            return ++_errors < MostErrors;
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
        _answered.Add(length);
        if (_time.GetElapsedTime(sent) is var roundTrip && roundTrip < _roundTrip)
            _roundTrip = roundTrip;
    }
}
