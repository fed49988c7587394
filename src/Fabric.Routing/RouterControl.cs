using Fabric.Link;
using Fabric.Routing.Fib;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Icmp;
using Fabric.Routing.Local;
using Fabric.Routing.Neighbors;
using Fabric.Routing.Protocols;
using Fabric.Routing.Rib;
using Fabric.Routing.Sockets;
using Fabric.Wire;

namespace Fabric.Routing;

/// <summary>The control side of a router: its parts, and what they share. Everything here happens under the router's lock.</summary>
internal sealed class RouterControl : IProtocolHost
{
    private readonly TimeProvider _time;
    private readonly long _nanosecondsPerStamp;
    private readonly Action _hurry;
    private readonly Timed[] _timed;
    private LogicalInterface?[] _byIndex = [];
    private LocalAddresses _local = new([]);
    private DatagramSocket[] _sockets = [];

    // Where the frame came in that is being dealt with, and the frame; none but while somebody looks on.
    private IPort? _arrivedAt;
    private Frame _arrived;

    internal RouterControl(RouterOptions options, TimeProvider time, Action hurry)
    {
        _time = time;
        _nanosecondsPerStamp = Math.Max(1, Nanoseconds.PerSecond / time.TimestampFrequency);
        _hurry = hurry;
        Options = options;
        Random = new Random(options.Seed);
        Routes.Subscribe(Table);
        Output = new PacketOutput(this);
        Neighbors = new NeighborTable(this);
        Arp = new ArpProtocol(this);
        Discovery = new NeighborDiscovery(this);
        Conflicts = new AddressConflicts(this);
        Errors = new IcmpErrors(this);
        Icmp = new IcmpInput(this);
        Probe = new EchoProbe(this);
        Reassembly = new Reassembly(this);
        Protocols = new ProtocolPorts(this);
        Input = new LocalInput(this);
        Tcp = new TcpRefusal(this);
        Connected = new ConnectedRoutes(this);
        Advertisements = new RouterAdvertisements(this);
        Listening = new ListenerReports(this);
        PathMtus = new PathMtus(this);
        _timed = [Neighbors, Conflicts, Listening, Advertisements, Reassembly];
    }

    /// <inheritdoc/>
    public long Now { get; private set; }

    /// <inheritdoc/>
    public Random Random { get; }

    /// <inheritdoc/>
    public RouteTable Routes { get; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<RouterInterface> Interfaces => [.. Links.Select(link => link.State)];

    internal RouterOptions Options { get; }

    internal ForwardingTable Table { get; } = new();

    /// <summary>What the control side has counted.</summary>
    internal Tally Tally { get; } = new();

    /// <summary>Those who are told of what is dropped.</summary>
    internal FrameObservers Observers { get; } = new();

    internal PacketOutput Output { get; }

    internal NeighborTable Neighbors { get; }

    internal ArpProtocol Arp { get; }

    internal NeighborDiscovery Discovery { get; }

    internal AddressConflicts Conflicts { get; }

    internal RouterAdvertisements Advertisements { get; }

    internal ListenerReports Listening { get; }

    internal IcmpErrors Errors { get; }

    internal IcmpInput Icmp { get; }

    internal EchoProbe Probe { get; }

    internal Reassembly Reassembly { get; }

    internal ProtocolPorts Protocols { get; }

    internal LocalInput Input { get; }

    internal TcpRefusal Tcp { get; }

    internal ConnectedRoutes Connected { get; }

    internal PathMtus PathMtus { get; }

    /// <summary>Who asks for the lengths that ways carry.</summary>
    internal List<PathEchoes> PathEchoes { get; } = [];

    internal List<LogicalInterface> Links { get; } = [];

    /// <summary>Open sockets, for the data path: replaced, never changed.</summary>
    internal DatagramSocket[] Sockets
    {
        get => Volatile.Read(ref _sockets);
        set => Volatile.Write(ref _sockets, value);
    }

    /// <summary>Interfaces by number, for the data path: replaced, never changed.</summary>
    internal LogicalInterface?[] ByIndex => Volatile.Read(ref _byIndex);

    /// <summary>Addresses, for the data path: replaced, never changed.</summary>
    internal LocalAddresses Local => Volatile.Read(ref _local);

    /// <summary>When <see cref="Tick"/> is next wanted.</summary>
    internal long Due
    {
        get
        {
            long due = Protocols.Due;
            foreach (Timed part in _timed)
                due = Math.Min(due, part.Due);
            return due;
        }
    }

    /// <inheritdoc/>
    public void Join(int @interface, IpAddress group)
    {
        if (group.IsMulticast && Find(@interface) is { } link && link.Joined < Options.MaxGroups && link.Join(group))
            Listening.Changed(link);
    }

    /// <inheritdoc/>
    public bool Send(in Datagram datagram)
    {
        bool v4 = datagram.Source.IsV4;
        int length = UdpView.HeaderLength + datagram.Payload.Length;
        LogicalInterface? link = datagram.Interface == Datagram.Routed ? Output.FindWay(datagram.Destination, out _) : Find(datagram.Interface);
        if (link is not { IsUp: true } || v4 != datagram.Destination.IsV4 || !Array.Exists(link.State.Addresses, own => own.IsV4 == v4))
            return false;
        if (!link.IsUsable(datagram.Source))
            return false;
        if (length + (v4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength) > link.Mtu)
        {
            Tally.Drop(RouterDrop.TooBig);
            return true;
        }

        Span<byte> udp = PacketOutput.Room(length);
        datagram.Payload.CopyTo(udp[UdpView.HeaderLength..]);
        HeaderWriter.Udp(udp, datagram.SourcePort, datagram.DestinationPort);
        HeaderWriter.StoreChecksum(udp, datagram.Source, datagram.Destination, IpProtocol.Udp);
        return Output.Send(datagram.Source, datagram.Destination, IpProtocol.Udp, length, datagram.HopLimit, datagram.Interface == Datagram.Routed ? null : link, station: datagram.Station);
    }

    /// <inheritdoc/>
    public void Hurry() => _hurry();

    /// <summary>Reads the clock. First thing after the lock was taken.</summary>
    internal void Enter()
    {
        Now = ReadClock();
        _arrivedAt = null;
    }

    /// <summary>What is dropped from now on, until the lock is given back, is this frame, which stays as long; it must be told where.</summary>
    internal void Arrive(LogicalInterface link, in Frame frame)
    {
        if (Observers.IsEmpty)
            return;
        _arrived = frame;
        _arrivedAt = link.Port;
    }

    /// <summary>The clock itself, for the data path.</summary>
    internal long ReadClock() => _time.GetTimestamp() * _nanosecondsPerStamp;

    /// <summary>Whether a socket has a port of an address.</summary>
    internal bool HasSocketAt(IpAddress address, ushort port) => Array.Exists(Sockets, socket => socket.Port == port && socket.Local == address);

    /// <summary>Counts the packet that has arrived as one that goes no further, and tells those who look on.</summary>
    internal void Drop(RouterDrop reason)
    {
        Tally.Drop(reason);
        if (_arrivedAt is { } port)
            Observers.Show(port, FrameDirection.Received, in _arrived, reason);
    }

    internal LogicalInterface? Find(int index) => (uint)index < (uint)_byIndex.Length ? _byIndex[index] : null;

    /// <summary>True for an address of the router; a link-local one must be of the interface.</summary>
    internal bool IsOwn(IpAddress address, LogicalInterface? link) =>
        !address.IsV4 && address.IsLinkLocal ? link is not null && link.State.IsOwn(address) : Local.Find(address) == LocalKind.Own;

    internal void Add(LogicalInterface link)
    {
        Links.Add(link);
        LogicalInterface?[] byIndex = [.. _byIndex, link];
        Volatile.Write(ref _byIndex, byIndex);
        Changed(link);
    }

    internal void Remove(LogicalInterface link)
    {
        Advertisements.Cease(link);
        link.IsGone = true;
        Links.Remove(link);
        LogicalInterface?[] byIndex = [.. _byIndex];
        byIndex[link.Index] = null;
        Volatile.Write(ref _byIndex, byIndex);
        link.State = link.State with { IsUp = false };
        Neighbors.Forget(link);
        Conflicts.Forget(link);
        Listening.Forget(link);
        Renew();
        Protocols.Removed(link.State);
        Connected.Refresh();
    }

    /// <summary>Takes a new state of an interface into account.</summary>
    internal void Changed(LogicalInterface link)
    {
        if (!link.IsUp)
            Neighbors.Forget(link);
        Conflicts.Changed(link);
        Renew();
        Listening.Changed(link);
        Advertisements.Changed(link);
        Protocols.Changed(link.State);
        Connected.Refresh();
    }

    /// <summary>Looks which ports have gone up or down.</summary>
    internal void FollowPorts()
    {
        foreach (LogicalInterface link in Links.ToArray())
        {
            bool up = link.Port?.IsUp ?? true;
            if (up == link.IsUp)
                continue;
            link.State = link.State with { IsUp = up };
            Changed(link);
        }
    }

    internal void Tick()
    {
        foreach (Timed part in _timed)
            part.TickIfDue(Now);
        Protocols.Tick();
    }

    /// <summary>Makes the addresses of the interfaces anew.</summary>
    internal void Renew() => Volatile.Write(
        ref _local, new LocalAddresses(Links.SelectMany(link => link.State.Addresses.Where(own => link.IsUsable(own.Address)))));

    /// <summary>Says good-bye on all links.</summary>
    internal void Stop()
    {
        Protocols.Stop();
        foreach (LogicalInterface link in Links)
            Advertisements.Cease(link);
    }
}
