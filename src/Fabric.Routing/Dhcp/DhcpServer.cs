using Fabric.Routing.Protocols;
using Fabric.Routing.Rib;
using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

// A DHCP server
//
// A message comes in on an interface, or from a relay agent on another link. Where it comes from says which pool it is for: the relay
// agent's address, else the address that the client has already when that is elsewhere, else the interface's network. The pool's book
// (LeaseBook) keeps one record for each address that was ever given out: who has it or had it last, and until when. It is never longer
// than the pool, whatever anybody sends.
//
// An address's life: offered to a client for a minute, bound while its lease lasts, then free. A free one goes back to its client if
// that returns, before another gets it; those that have never been given out are taken first, then the one that is free for the longest
// time. An address that a client has found in use rests for a while and is given to nobody (declined).
//
// Answers (RFC 2131, 4.1) go to the relay agent where there is one; to the client's own address when it has one; to all when it asks for
// that; otherwise to the address it gets, by its Ethernet address, because it does not answer ARP yet.
//
// The router is the server of its networks and answers for addresses that it has not given out itself: a client that renews one is
// confirmed if it is free, and refused if not. So guests keep their addresses when the router's leases are lost by a restart. Of a client that
// comes back with an old address from another network, and whom nobody knows here, it says no; of one from here it keeps silent.
//
// Standards: RFC 2131, RFC 2132, RFC 3046 (relay agent information), RFC 3442 (classless routes), RFC 6842 (client identifiers come back).

/// <summary>Gives out IPv4 addresses in a router, as one of its protocols.</summary>
/// <remarks>Every call is made under the router's control lock.</remarks>
public sealed partial class DhcpServer : IRoutingProtocol
{
    private const long NanosecondsPerTick = 100;
    private const byte HopLimit = 64;
    private const uint LeastLease = 60;
    private readonly DhcpServerOptions _options;
    private readonly LeaseBook[] _books;
    private readonly IReachabilityProbe? _probe;
    private IProtocolHost? _host;

    /// <summary>Makes a server.</summary>
    /// <param name="options">What it gives out.</param>
    /// <param name="probe">Asks whether an address is in use before it is offered for the first time (RFC 2131, 3.1, 2); null not to ask.</param>
    /// <exception cref="RoutingException">An option is outside its range, or contradicts another.</exception>
    public DhcpServer(DhcpServerOptions options, IReachabilityProbe? probe = null)
    {
        DhcpPoolCheck.Throw(options);
        _probe = probe;
        _options = options;
        _books = [.. options.Pools.Select(pool => new LeaseBook(pool))];
    }

    /// <inheritdoc/>
    public string Name => "dhcp";

    /// <inheritdoc/>
    public ushort Port => DhcpView.ServerPort;

    /// <inheritdoc/>
    public long Due
    {
        get
        {
            // Offers wait for the same time each: the first is due first.
            long due = _waiting.Count == 0 ? long.MaxValue : _waiting[0].Due;
            foreach (LeaseBook book in _books)
                due = Math.Min(due, book.Due);
            return due;
        }
    }

    /// <summary>What it has done.</summary>
    public DhcpCounters Counters { get; } = new();

    /// <summary>The addresses that were given out, free ones that a client may come back for included. Allocates.</summary>
    public IReadOnlyList<DhcpLeaseStatus> Leases() => [.. _books.SelectMany(book => book.Records).OrderBy(record => record.Address.V4).Select(Describe)];

    /// <inheritdoc/>
    public void Start(IProtocolHost host) => _host = host;

    /// <summary>Looked at when a message comes.</summary>
    /// <inheritdoc/>
    public void InterfaceChanged(RouterInterface @interface)
    {
    }

    /// <summary>Leases outlive their interface: it may come back.</summary>
    /// <inheritdoc/>
    public void InterfaceRemoved(RouterInterface @interface)
    {
    }

    /// <summary>Routes do not matter here.</summary>
    /// <inheritdoc/>
    public void RouteChanged(IpPrefix prefix, Route? before, Route? after)
    {
    }

    /// <inheritdoc/>
    public void Tick()
    {
        foreach (LeaseBook book in _books)
            book.Expire(_host!.Now);
        OfferProven();
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _waiting.Clear();
        _host = null;
    }

    /// <inheritdoc/>
    public void Accept(in Datagram datagram)
    {
        if (_host is null)
            return;
        Tick();
        if (!DhcpView.TryParse(datagram.Payload, out DhcpView message) || message.ClientMac.IsGroup || message.ClientMac == default)
        {
            Counters.Drop(DhcpDrop.Malformed);
            return;
        }

        if (!message.IsRequest || message.MessageType is not (DhcpMessageType.Discover or DhcpMessageType.Request
            or DhcpMessageType.Decline or DhcpMessageType.Release or DhcpMessageType.Inform))
        {
            Counters.Drop(DhcpDrop.NotFromClient);
            return;
        }

        Counters.Count(message.MessageType);
        if (TryLocate(in datagram, in message, out Place place))
            Answer(in message, in place);
        else
            Counters.Drop(DhcpDrop.NoPool);
    }

    private bool TryLocate(in Datagram datagram, in DhcpView message, out Place place)
    {
        int number = datagram.Interface;
        RouterInterface? link = _host!.Interfaces.FirstOrDefault(link => link.Index == number);
        IpAddress relay = message.RelayAddress;
        IpAddress own = message.ClientAddress;
        LeaseBook? book = !relay.IsUnspecified ? BookOf(relay)
            : !own.IsUnspecified && link?.IsOnLink(own) == false ? BookOf(own)
            : _books.FirstOrDefault(book => link is not null && Array.Exists(link.Addresses, address => address.Network == book.Pool.Network));
        IpPrefix? server = book is null || link is null ? null
            : Array.Find(link.Addresses, address => address.Network == book.Pool.Network) is { Length: > 0 } onLink ? onLink
            : link.V4;
        place = new Place(book!, link!, server?.Address ?? default, DhcpClient.Read(in message));
        return server is not null;
    }

    private LeaseBook? BookOf(IpAddress address) => Array.Find(_books, book => book.Pool.Network.Contains(address));

    private bool IsOwn(IpAddress address) => _host!.Interfaces.Any(link => link.IsOwn(address));

    private DhcpLeaseStatus Describe(LeaseRecord record)
    {
        TimeSpan left = record.State == DhcpLeaseState.Free || _host is null ? TimeSpan.Zero : TimeSpan.FromTicks(Math.Max(0, record.Expires - _host.Now) / NanosecondsPerTick);
        return new DhcpLeaseStatus(record.Address, record.Client.Mac, record.Client.ClientId, record.Client.HostName, record.State, left);
    }

    /// <summary>Where a message belongs.</summary>
    /// <param name="Book">The pool's.</param>
    /// <param name="Link">The interface it came in on.</param>
    /// <param name="Server">The router's own address that names the server there.</param>
    /// <param name="Client">Who sent it.</param>
    private readonly record struct Place(LeaseBook Book, RouterInterface Link, IpAddress Server, DhcpClient Client);
}
