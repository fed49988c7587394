using Fabric.Routing.Local;
using Fabric.Wire;

namespace Fabric.Routing.Sockets;

/// <summary>Asks one far end of a <see cref="DatagramSocket"/> by ICMP echoes of chosen lengths (RFC 792; RFC 4443, 4.1), which nobody on the
/// way fragments: what comes back has passed, the way that the socket's datagrams go.</summary>
/// <remarks>All but <see cref="TryRun"/> and <see cref="Dispose"/> is called under the router's lock, that is inside of
/// <see cref="TryRun"/>, where answers are told too. What routers say to the echoes is believed for the socket's datagrams.</remarks>
public sealed class PathEchoes : IDisposable
{
    /// <summary>Most echoes that one asks.</summary>
    public const int Most = ushort.MaxValue;

    private const int HeaderLength = 8;
    private readonly Router _router;
    private readonly DatagramSocket _socket;
    private readonly Action<int> _answered;
    private readonly List<int> _lengths = [];
    private readonly ushort _identifier;

    internal PathEchoes(Router router, DatagramSocket socket, IpAddress destination, Action<int> answered)
    {
        _router = router;
        _socket = socket;
        _answered = answered;
        Destination = destination;
        _identifier = (ushort)router.Control.Random.Next();
    }

    /// <summary>Whom it asks.</summary>
    public IpAddress Destination { get; }

    /// <summary>Longest packet in bytes that the first link takes; 0 when there is no way.</summary>
    public int FirstMtu => _socket.FirstMtuTo(Destination);

    /// <summary>Does something under the router's lock.</summary>
    /// <param name="action">What; must not block.</param>
    /// <returns>False when the router has stopped.</returns>
    public bool TryRun(Action action)
    {
        try
        {
            return _router.Inside(_ =>
            {
                action();
                return true;
            });
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Sends an echo.</summary>
    /// <param name="length">Bytes of the packet, its IP header included.</param>
    /// <returns>False when there is no way, the first link takes no packet of that length, or <see cref="Most"/> were sent.</returns>
    public bool TrySend(int length)
    {
        RouterControl control = _router.Control;
        IpAddress source = _socket.Local;
        int message = length - (source.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength);
        if (message < HeaderLength || length > FirstMtu || _lengths.Count == Most || _socket.FirstLinkTo(Destination, out IpAddress nextHop) is not { } link)
            return false;
        uint word = ((uint)_identifier << 16) | (uint)_lengths.Count;
        _lengths.Add(length);
        Span<byte> room = PacketOutput.Room(message);
        room.Clear();
        IcmpView.WriteHeader(room, source.IsV4 ? (byte)IcmpType.Echo : (byte)Icmpv6Type.EchoRequest, 0, word);
        IpProtocol protocol = source.IsV4 ? IpProtocol.Icmp : IpProtocol.IcmpV6;
        HeaderWriter.StoreChecksum(room, source, Destination, protocol);
        return control.Output.SendWhole(source, Destination, protocol, message, link, nextHop);
    }

    /// <summary>Asks no more.</summary>
    public void Dispose() => TryRun(() => _router.Control.PathEchoes.Remove(this));

    /// <summary>Takes an echo reply, asked for or not.</summary>
    internal void Accept(in LocalPacket packet, uint word)
    {
        int number = (int)(word & ushort.MaxValue);
        int length = packet.Payload.Length + (packet.Source.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength);
        if (packet.Source == Destination && packet.Destination == _socket.Local && word >> 16 == _identifier && number < _lengths.Count && _lengths[number] == length)
            _answered(length);
    }

    /// <summary>Whether an echo that an error quotes is one of these.</summary>
    internal bool IsOwn(IpAddress source, IpAddress destination, ushort identifier) => source == _socket.Local && destination == Destination && identifier == _identifier;
}
