using Fabric.Routing.Dhcp;
using Fabric.Routing.Protocols;
using Fabric.Routing.Rib;
using Fabric.TestKit;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Dhcp;

/// <summary>A DHCP server on two interfaces, 10.0.1.1/24 (number 0) and 10.0.2.1/24 (number 1), in time that the test makes pass.</summary>
internal sealed class DhcpBench : IProtocolHost, IReachabilityProbe
{
    private const int MessageRoom = 600;

    private readonly List<(IpAddress Target, Action<IpAddress> Answered)> _asked = [];

    public DhcpBench(params DhcpPool[] pools)
        : this(asks: false, pools)
    {
    }

    public DhcpBench(bool asks, params DhcpPool[] pools)
    {
        Server = new DhcpServer(new DhcpServerOptions { Pools = pools }, asks ? this : null);
        Server.Start(this);
    }

    public DhcpServer Server { get; }

    /// <summary>What was sent last; null when nothing was since the last message.</summary>
    public SentReply? Last { get; private set; }

    /// <summary>Addresses that somebody uses, and which answer at once.</summary>
    public HashSet<IpAddress> InUse { get; } = [];

    public bool CanSend { get; set; } = true;

    public long Now { get; private set; }

    public Random Random { get; } = new(TestSeed.Seed);

    public RouteTable Routes { get; } = new();

    public IReadOnlyList<RouterInterface> Interfaces { get; } =
    [
        new RouterInterface(0, "r.lan", true, false, 1450, Mac(500), [Prefix("10.0.1.1/24")]),
        new RouterInterface(1, "r.wan", true, false, 1500, Mac(501), [Prefix("10.0.2.1/24")]),
    ];

    public static DhcpPool Pool(int first = 100, int last = 199) =>
        new(Prefix("10.0.1.0/24"), Address($"10.0.1.{first}"), Address($"10.0.1.{last}"));

    public static MacAddress Mac(int number) => MacAddress.Read([0x02, 0, 0, 0, (byte)(number >> 8), (byte)number]);

    public static IpPrefix Prefix(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix : throw new ArgumentException(text);

    public static IpAddress Address(string text) => IpAddress.TryParse(text, out IpAddress address) ? address : throw new ArgumentException(text);

    public void Pass(TimeSpan time)
    {
        Last = null;
        Now += time.Ticks * 100;
        if (Server.Due <= Now)
            Server.Tick();
    }

    /// <summary>Hands the server a message as a client or a relay agent would.</summary>
    public SentReply? Hear(DhcpMessageType type, int client, Action<Fields>? set = null)
    {
        Fields fields = new();
        set?.Invoke(fields);
        byte[] bytes = new byte[MessageRoom];
        DhcpWriter writer = new(bytes, isRequest: true, type, 0x12345678, 0, Mac(client));
        if (fields.Broadcasts)
            writer.SetBroadcast();
        writer.SetClientAddress(fields.Client);
        writer.SetRelayAddress(fields.Relay);
        if (fields.Requested is { } requested)
            writer.Add(DhcpOption.RequestedAddress, requested);
        if (fields.Server is { } server)
            writer.Add(DhcpOption.ServerIdentifier, server);
        foreach ((DhcpOption option, byte[] value) in fields.Options)
            writer.Add(option, value);
        return Hear(bytes.AsSpan(0, writer.Finish()), fields.Interface);
    }

    public SentReply? Hear(ReadOnlySpan<byte> message, int @interface = 0)
    {
        Last = null;
        Server.Accept(new Datagram(@interface, IpAddress.AnyV4, DhcpView.ClientPort, IpAddress.BroadcastV4, DhcpView.ServerPort, 64, message));
        return Last;
    }

    /// <summary>DISCOVER and REQUEST.</summary>
    public IpAddress Lease(int client, Action<Fields>? set = null)
    {
        SentReply offer = Hear(DhcpMessageType.Discover, client, set) ?? throw new InvalidOperationException("no offer");
        SentReply answer = Hear(DhcpMessageType.Request, client, fields =>
        {
            set?.Invoke(fields);
            fields.Requested = offer.Yours;
            fields.Server = Address("10.0.1.1");
        }) ?? throw new InvalidOperationException("no answer");
        Assert.Equal(DhcpMessageType.Acknowledge, answer.Type);
        Assert.Equal(offer.Yours, answer.Yours);
        return answer.Yours;
    }

    public bool Send(in Datagram datagram)
    {
        Last = new SentReply(datagram.Interface, datagram.Destination, datagram.DestinationPort, datagram.Station, datagram.Payload.ToArray());
        return CanSend;
    }

    bool IReachabilityProbe.Ask(IpAddress target, Action<IpAddress> answered)
    {
        _asked.Add((target, answered));
        return true;
    }

    /// <summary>Lets those answer that were asked and are there.</summary>
    public void Answer()
    {
        (IpAddress Target, Action<IpAddress> Answered)[] asked = [.. _asked];
        _asked.Clear();
        foreach ((IpAddress target, Action<IpAddress> answered) in asked.Where(question => InUse.Contains(question.Target)))
            answered(target);
    }

    void IProtocolHost.Join(int @interface, IpAddress group)
    {
    }

    void IProtocolHost.Hurry()
    {
    }

    /// <summary>What a message says.</summary>
    internal sealed class Fields
    {
        public int Interface { get; set; }

        public bool Broadcasts { get; set; }

        public IpAddress Client { get; set; } = IpAddress.AnyV4;

        public IpAddress Relay { get; set; } = IpAddress.AnyV4;

        public IpAddress? Requested { get; set; }

        public IpAddress? Server { get; set; }

        public List<(DhcpOption Option, byte[] Value)> Options { get; } = [];
    }

    /// <summary>What the server has sent.</summary>
    internal sealed record SentReply(int Interface, IpAddress To, int Port, MacAddress? Station, byte[] Bytes)
    {
        public DhcpMessageType Type => View.MessageType;

        public IpAddress Yours => View.YourAddress;

        private DhcpView View => DhcpView.TryParse(Bytes, out DhcpView view) && !view.IsRequest ? view : throw new InvalidOperationException("not an answer");

        public byte[]? Option(DhcpOption option) => View.TryFind(option, out ReadOnlySpan<byte> value) ? value.ToArray() : null;
    }
}
