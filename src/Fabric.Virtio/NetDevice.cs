using System.Buffers.Binary;
using Fabric.Link;

namespace Fabric.Virtio;

/// <summary>A network card for the guest (virtio 1.2, section 5.1), which is a port of a switch or router on its other side.</summary>
/// <remarks>
/// <para><see cref="Receive"/> pops up to 32 chains of the transmit queue, hands their buffers on as frames (views over guest memory,
/// header checked and removed) in one call, and then gives them all back with one interrupt. <see cref="Transmit"/> copies frames
/// straight into the receive queue's buffers, with one interrupt a burst. Neither allocates.</para>
/// <para>The device has no thread. The receive side belongs to the worker that polls; the transmit side takes the receive queue's gate,
/// so any worker may call it. The control queue is served on the notifying hart, which waits for the answer anyway.</para>
/// </remarks>
public sealed unsafe class NetDevice : VirtioDevice, IPort
{
    /// <summary>Largest size of the receive and transmit queues.</summary>
    public const int QueueLength = 1024;

    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;
    private const int ControlQueue = 2;
    private const int ControlQueueLength = 64;
    private const int MacLength = 6;
    private const int MacField = 0;
    private const int StatusField = 6;
    private const int MtuField = 10;
    private const int ConfigLength = 12;
    private const byte StatusLinkUp = 1;
    private const int EthernetHeaderLength = 14;
    private const int TagsLength = 8;
    private const int FrameLengthMinimum = EthernetHeaderLength;

    private readonly Frame[] _frames = new Frame[IPort.MaxBurst];
    private readonly ushort[] _heads = new ushort[IPort.MaxBurst];
    private readonly FrameSegment[] _segments = GC.AllocateArray<FrameSegment>(2 * SplitQueue.MaxChain, pinned: true);
    private readonly ReceiveBuffers _target = new();
    private readonly byte[] _mac = new byte[MacLength];
    private readonly int _frameLimit;
    private IWaker? _waker;
    private ILinkWatcher? _watcher;
    private int _accepts;
    private int _segmentsUsed;
    private volatile bool _linkUp = true;

    /// <summary>Makes a card with its link up.</summary>
    /// <param name="name">Port name in the topology, such as <c>alice.0</c>.</param>
    /// <param name="mac">Six bytes, a unicast address.</param>
    /// <param name="mtu">Largest IP packet the network carries, 68 to 65535.</param>
    /// <param name="offloads">What the guest may leave to others, and others to it.</param>
    public NetDevice(string name, ReadOnlySpan<byte> mac, int mtu = 1500, FrameOffloads offloads = FrameOffloads.All)
        : base(VirtioDeviceType.Net, NetFeatures.OfferedWith(offloads), [QueueLength, QueueLength, ControlQueueLength], ConfigLength)
    {
        if (mac.Length != MacLength || (mac[0] & 1) != 0)
            throw new ArgumentException("A network card needs a unicast address of six bytes.", nameof(mac));
        ArgumentOutOfRangeException.ThrowIfLessThan(mtu, 68);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mtu, ushort.MaxValue);
        Name = name;
        mac.CopyTo(_mac);
        _frameLimit = mtu + EthernetHeaderLength + TagsLength;
        Span<byte> mtuBytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(mtuBytes, (ushort)mtu);
        SetConfig(MtuField, mtuBytes);
        SetConfig(MacField, _mac);
        SetConfig(StatusField, [StatusLinkUp]);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public FrameOffloads Accepts => (FrameOffloads)Volatile.Read(ref _accepts);

    /// <inheritdoc/>
    public PortCounters Counters { get; } = new();

    /// <inheritdoc/>
    public bool IsUp => _linkUp;

    /// <summary>Plugs or unplugs the cable: the guest sees the carrier change, frames in both directions are dropped as
    /// <see cref="DropReason.LinkDown"/> meanwhile. Any thread.</summary>
    /// <param name="up">True to plug it in.</param>
    public void SetLink(bool up)
    {
        if (_linkUp == up)
            return;
        _linkUp = up;
        ChangeConfig(StatusField, [up ? StatusLinkUp : (byte)0]);
        Volatile.Read(ref _watcher)?.LinkChanged(this, up);
    }

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher) => Volatile.Write(ref _watcher, watcher);

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker) => _waker = waker;

    /// <inheritdoc/>
    public bool TryArm()
    {
        SplitQueue queue = Queues[TransmitQueue];
        lock (queue.Gate)
            return queue.TryArm();
    }

    /// <inheritdoc/>
    public int Receive(IFrameSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        SplitQueue queue = Queues[TransmitQueue];
        if (!queue.IsRunning)
            return 0;
        lock (queue.Gate)
        {
            int chains = 0;
            int frames = 0;
            long bytes = 0;
            queue.Disarm();
            queue.BeginBurst();
            _segmentsUsed = 0;
            while (chains < IPort.MaxBurst && queue.TryPop(out DescriptorChain chain))
            {
                _heads[chains++] = chain.Head;
                if (!TryMakeFrame(ref chain, out _frames[frames], out DropReason reason))
                    Counters.AddReceiveDrops(reason);
                else
                    bytes += _frames[frames++].Length;
            }

            Counters.AddReceived(frames, bytes);
            if (frames > 0)
                sink.Accept(this, _frames.AsSpan(0, frames));
            for (int i = 0; i < chains; i++)
                queue.AddUsed(_heads[i], 0);
            PublishLocked(queue);
            return chains;
        }
    }

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        SplitQueue queue = Queues[ReceiveQueue];
        lock (queue.Gate)
        {
            if (!queue.IsRunning || !_linkUp)
            {
                Counters.AddTransmitDrops(DropReason.LinkDown, frames.Length);
                return 0;
            }

            int delivered = 0;
            long bytes = 0;
            bool mergeable = (Features & NetFeatures.MergeableBuffers) != 0;
            foreach (ref readonly Frame frame in frames)
            {
                DropReason? reason = TryDeliverLocked(queue, in frame, mergeable);
                if (reason is { } dropped)
                {
                    Counters.AddTransmitDrops(dropped);
                    continue;
                }

                delivered++;
                bytes += frame.Length;
            }

            Counters.AddTransmitted(delivered, bytes);
            PublishLocked(queue);
            return delivered;
        }
    }

    /// <inheritdoc/>
    protected override void OnActivate() => Volatile.Write(ref _accepts, (int)NetHeader.AcceptedBy(Features));

    /// <inheritdoc/>
    protected override void OnReset()
    {
        Volatile.Write(ref _accepts, 0);
        // 5.1.5: the address of a card that was reset is its own again.
        SetConfig(MacField, _mac);
    }

    /// <inheritdoc/>
    protected override void OnNotify(int index)
    {
        if (index == TransmitQueue)
            _waker?.Wake();
        else if (index == ControlQueue)
            ServeControl();
    }

    private bool TryMakeFrame(ref DescriptorChain chain, out Frame frame, out DropReason reason)
    {
        frame = default;
        reason = DropReason.BadDescriptor;
        Span<byte> header = stackalloc byte[NetHeader.Length];
        if (chain.Writable.Length > 0 || !chain.TryTakeReadable(header) || chain.ReadableLength == 0)
            return false;
        long length = chain.ReadableLength;
        reason = DropReason.LinkDown;
        if (!_linkUp)
            return false;
        reason = DropReason.Truncated;
        if (length < FrameLengthMinimum)
            return false;
        reason = DropReason.Oversized;
        if (length > Frame.MaxLength)
            return false;
        reason = DropReason.BadOffload;
        if (!NetHeader.TryRead(header, Features, (int)length, out FrameOffload offload))
            return false;
        reason = DropReason.Oversized;
        if (offload.Gso == GsoType.None && length > _frameLimit)
            return false;
        frame = MakeFrame(chain.Readable, (int)length, in offload);
        return true;
    }

    private Frame MakeFrame(ReadOnlySpan<QueueBuffer> buffers, int length, in FrameOffload offload)
    {
        QueueBuffer head = buffers[0];
        // SAFETY: the segment list is pinned and as long as the queue's own arena, which holds all chains of a burst; the buffers were
        // checked by the queue and stay the device's until AddUsed.
        if (buffers.Length == 1)
            return new Frame((byte*)head.Address, head.Length, in offload);
        int first = _segmentsUsed;
        foreach (QueueBuffer buffer in buffers[1..])
            _segments[_segmentsUsed++] = new FrameSegment(buffer.Address, buffer.Length);
        fixed (FrameSegment* rest = &_segments[first])
            return new Frame((byte*)head.Address, head.Length, rest, buffers.Length - 1, length, in offload);
    }

    // Copies one frame into receive buffers; null means delivered.
    private DropReason? TryDeliverLocked(SplitQueue queue, in Frame frame, bool mergeable)
    {
        FrameOffload offload = frame.Offload;
        FrameOffloads accepted = Accepts;
        if (!offload.IsCarriedBy(accepted))
            return DropReason.UnsupportedOffload;
        if (accepted == FrameOffloads.None)
            offload = default;
        int wanted = NetHeader.Length + frame.Length;
        if (!_target.TryCollect(queue, wanted, mergeable ? queue.MaximumSize : 1))
            return queue.Fault != QueueFault.None ? DropReason.BadDescriptor : mergeable || _target.IsEmpty ? DropReason.NoBuffer : DropReason.Oversized;
        Span<byte> header = stackalloc byte[NetHeader.Length];
        NetHeader.Write(header, in offload, _target.Chains);
        _target.Write(header);
        _target.Write(frame.Head);
        foreach (FrameSegment segment in frame.Rest)
        {
            // SAFETY: the port that made the frame vouches for its pieces during this call.
            _target.Write(new ReadOnlySpan<byte>((byte*)segment.Address, segment.Length));
        }

        _target.AddUsed(queue, wanted);
        return null;
    }

    private void ServeControl()
    {
        SplitQueue queue = Queues[ControlQueue];
        Span<byte> mac = stackalloc byte[MacLength];
        lock (queue.Gate)
        {
            do
            {
                queue.BeginBurst();
                while (queue.TryPop(out DescriptorChain chain))
                {
                    if (!NetControl.TryServe(ref chain, Features, mac, out bool macSet))
                    {
                        queue.Break(QueueFault.Request);
                        break;
                    }

                    if (macSet)
                        SetConfig(MacField, mac);
                    queue.AddUsed(chain.Head, 1);
                    queue.BeginBurst();
                }

                PublishLocked(queue);
            }
            while (!queue.TryArm());
        }
    }
}
