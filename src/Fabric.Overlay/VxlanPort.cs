using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay;

/// <summary>One segment of a <see cref="Overlay.Vtep"/>, as a port of a switch: what the switch transmits goes into the tunnel.</summary>
/// <remarks>
/// <para>The switch attaches the port, and <see cref="DeliverTo"/> names the same switch as the sink of what comes out of the tunnel. No
/// worker polls the port itself: one polls <see cref="Vtep.Receiver"/>, which brings the frames of all segments.</para>
/// <para>Split horizon: what came out of a tunnel never goes into one here, and the switch sends nothing back to the port it came from. A
/// segment has one port.</para>
/// <para><see cref="Counters"/> count what is transmitted in tunnel packets, one for each segment of a super-frame and each VTEP, with the
/// bytes of their inner frames; what is received in frames as they are handed on, several packets joined into one.</para>
/// </remarks>
public sealed class VxlanPort : IPort
{
    /// <summary>Most messages about packets that are too big (RFC 1812, 4.3.2.8; RFC 4443, 2.4 (f)).</summary>
    private const int MessagesPerSecond = 200;
    private const int MessageBurst = 50;

    private volatile IFrameSink? _sink;
    private volatile bool _attached = true;
    private volatile bool _mustAsk;
    private ILinkWatcher? _watcher;

    internal VxlanPort(Vtep vtep, string name, int vni, SegmentOptions options, VtepOptions common)
    {
        Vtep = vtep;
        Name = name;
        Vni = vni;
        Options = options;
        Stations = new Stations(options, Events, common);
        Answers = new AnswerQueue(this);
        TooBigBucket = new TokenBucket(MessagesPerSecond, MessageBurst, vtep.Frequency, vtep.Ticks());
        if (options.SuppressesNeighbors)
            Neighbors = new NeighborProxy(this, common);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>VXLAN network identifier.</summary>
    public int Vni { get; }

    /// <summary>The end point.</summary>
    public Vtep Vtep { get; }

    /// <summary>How it was made.</summary>
    public SegmentOptions Options { get; }

    /// <summary>What the segment's forwarding has done.</summary>
    public SegmentCounters Events { get; } = new();

    /// <summary>The largest packet, from the IP header on, that the segment carries to each of its VTEPs: what its stations must have as
    /// their MTU. The lesser of what the segment was given and of <see cref="PathMtu"/>, as far as either is known; 0 while neither is.
    /// Longer ones are dropped as <see cref="DropReason.Oversized"/>, and their sender is told.</summary>
    public int Mtu { get; internal set; }

    /// <summary>The largest packet that the underlay lets through to each of its VTEPs, by what the underlay knew when it was asked last. 0
    /// while there is no VTEP that can be reached.</summary>
    public int PathMtu { get; internal set; }

    /// <summary>Bytes that the tunnel adds to a packet of the segment: 50 over IPv4, 70 over IPv6, and four for a tag that is carried.</summary>
    public int Overhead => UdpView.HeaderLength + VxlanView.HeaderLength + EthernetView.MinHeaderLength
        + (Vtep.Underlay.Local.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength) + (Options.Tags == InnerTags.Carried ? InnerPacket.TagLength : 0);

    /// <inheritdoc/>
    public FrameOffloads Accepts => FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.Udp | FrameOffloads.Ecn;

    /// <inheritdoc/>
    public PortCounters Counters { get; } = new();

    /// <inheritdoc/>
    public bool IsUp => _attached;

    internal Stations Stations { get; }

    internal NeighborProxy? Neighbors { get; }

    /// <summary>Whom a frame for several stations goes to. Replaced, not changed.</summary>
    internal RemoteVtep[] Flood { get; set; } = [];

    /// <summary>By index of a VTEP: whether it is configured for the segment. Replaced, not changed.</summary>
    internal bool[] Members { get; set; } = [];

    internal TokenBucket FloodBucket;

    /// <summary>For messages about packets that are too big.</summary>
    internal TokenBucket TooBigBucket;

    /// <summary>When the underlay was last asked for its MTU because a packet did not fit, in seconds of the VTEP's clock. Transmit side.</summary>
    internal uint AskedAgain { get; private set; } = uint.MaxValue;

    internal AnswerQueue Answers { get; }

    internal IFrameSink? Sink => _sink;

    /// <summary>Names the sink of what comes out of the tunnel; frames are dropped as <see cref="DropReason.LinkDown"/> while there is
    /// none.</summary>
    /// <param name="sink">Called on the worker that polls <see cref="Vtep.Receiver"/>; null for none. After a change the old one may get
    /// the burst that is under way.</param>
    public void DeliverTo(IFrameSink? sink) => _sink = sink;

    /// <summary>Gives nothing: see <see cref="Vtep.Receiver"/>.</summary>
    /// <param name="sink">Not called.</param>
    public int Receive(IFrameSink sink) => 0;

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames) => Vtep.Transmit(this, frames);

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher) => Volatile.Write(ref _watcher, watcher);

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker)
    {
        // Never has frames of its own.
    }

    /// <inheritdoc/>
    public bool TryArm() => true;

    /// <summary>Ends the segment on this VTEP.</summary>
    public void Dispose() => Vtep.Remove(this);

    internal void Detach()
    {
        _attached = false;
        _sink = null;
        Answers.Dispose();
        Volatile.Read(ref _watcher)?.LinkChanged(this, false);
    }

    /// <summary>Has the worker ask the underlay for its MTU, which may take locks that the transmit side must not wait for.</summary>
    internal void AskAgain()
    {
        if (Vtep.Seconds() is var now && now == AskedAgain)
            return;
        AskedAgain = now;
        _mustAsk = true;
        Vtep.Receiver.Wake();
    }

    /// <summary>Does what waits for the worker.</summary>
    /// <returns>Number of frames brought.</returns>
    internal int Attend()
    {
        if (_mustAsk)
        {
            _mustAsk = false;
            Vtep.RefreshMtu(this);
        }

        return Answers.Deliver();
    }

    internal bool IsMember(int remote) => (uint)remote < (uint)Members.Length && Members[remote];
}
