using Fabric.Hosts.Dhcp;
using Fabric.Hosts.Internet;
using Fabric.Hosts.Messages;
using Fabric.Hosts.Neighbors;
using Fabric.Hosts.Tcp;
using Fabric.Hosts.Traffic;
using Fabric.Hosts.Udp;

namespace Fabric.Hosts;

/// <summary>The parts of a host, and what they share. Everything here happens under the host's lock.</summary>
internal sealed class HostStack
{
    private readonly TimeProvider _time;
    private readonly long _nanosecondsPerStamp;
    private readonly Timed[] _timed;

    internal HostStack(HostOptions options, IFrameOutlet outlet, TimeProvider time)
    {
        _time = time;
        _nanosecondsPerStamp = Math.Max(1, Nanoseconds.PerSecond / time.TimestampFrequency);
        Options = options;
        Random = new Random(options.Seed);
        Addresses = new AddressBook(this);
        Output = new PacketOutput(this, outlet);
        Neighbors = new NeighborCache(this);
        Arp = new ArpProtocol(this);
        Discovery = new NeighborDiscovery(this);
        Listening = new ListenerReports(this);
        Configuration = new AddressConfiguration(this);
        Reassembly = new Reassembly(this);
        Errors = new ErrorReports(this);
        Icmp = new IcmpInput(this);
        Pings = new PingClients(this);
        Udp = new UdpPorts(this);
        Tcp = new TcpPorts(this);
        Dhcp = new DhcpClient(this);
        Traffic = new TrafficRuns(this);
        Input = new FrameInput(this);
        _timed = [Neighbors, Listening, Configuration, Reassembly, Pings, Tcp, Dhcp, Traffic];
    }

    internal HostOptions Options { get; }

    internal HostCounters Counters { get; } = new();

    internal Random Random { get; }

    /// <summary>Time of the present entry, in nanoseconds of the clock's time stamps: hosts with one clock have one time.</summary>
    internal long Now { get; private set; }

    internal AddressBook Addresses { get; }

    internal PacketOutput Output { get; }

    internal NeighborCache Neighbors { get; }

    internal ArpProtocol Arp { get; }

    internal NeighborDiscovery Discovery { get; }

    internal ListenerReports Listening { get; }

    internal AddressConfiguration Configuration { get; }

    internal Reassembly Reassembly { get; }

    internal ErrorReports Errors { get; }

    internal IcmpInput Icmp { get; }

    internal PingClients Pings { get; }

    internal UdpPorts Udp { get; }

    internal TcpPorts Tcp { get; }

    internal DhcpClient Dhcp { get; }

    internal TrafficRuns Traffic { get; }

    internal FrameInput Input { get; }

    /// <summary>When <see cref="Tick"/> is next wanted.</summary>
    internal long Due
    {
        get
        {
            long due = Timed.Never;
            foreach (Timed part in _timed)
                due = Math.Min(due, part.Due);
            return due;
        }
    }

    /// <summary>Reads the clock. First thing after the lock was taken.</summary>
    internal void Enter() => Now = _time.GetTimestamp() * _nanosecondsPerStamp;

    internal void Start()
    {
        if (Options.EchoServices)
        {
            Udp.Bind(UdpEcho.Port, new UdpEcho(this));
            Tcp.Listen(TcpEcho.Port, static () => new TcpEcho());
        }

        Configuration.Start();
        if (Options.UseDhcp)
            Dhcp.Start();
    }

    internal void Tick()
    {
        foreach (Timed part in _timed)
            part.TickIfDue(Now);
    }

    internal void Stop()
    {
        Pings.Stop();
        Traffic.Stop();
        Dhcp.Stop();
        Tcp.Stop();
        Neighbors.Stop();
        Reassembly.Stop();
    }

    /// <summary>Puts a new sink at a port.</summary>
    /// <returns>False when something else is there.</returns>
    internal bool TryOpenSink(ushort port)
    {
        if (Udp.Find(port) is not (null or TrafficSink))
            return false;
        Udp.Unbind(port);
        Udp.Bind(port, new TrafficSink(this));
        return true;
    }

    internal void Drop(HostDrop reason) => Counters.Drop(reason);
}
