using System.Runtime.InteropServices;
using Fabric.Link;

namespace Fabric.Overlay;

/// <summary>The receiving side of a <see cref="Vtep"/>, as what a worker polls: <c>worker.Add(vtep.Receiver, vtep.Receiver)</c>.</summary>
/// <remarks>Frames do not come to the sink that the worker names but to those of their segments (<see cref="VxlanPort.DeliverTo"/>): one
/// descriptor serves all segments, and a packet says only when it has been read which one it is for. Its counters have the packets of all
/// segments, and the drops before the segment is known.</remarks>
public sealed class VtepReceiver : IPort, IFrameSink
{
    private readonly Vtep _vtep;
    private readonly Decapsulator _decapsulator;
    private readonly WakeEvent? _answersWaiting;
    private volatile VxlanPort[] _segments = [];
    private volatile bool _hasAnswers;
    private IWaker? _waker;

    internal VtepReceiver(Vtep vtep)
    {
        _vtep = vtep;
        _decapsulator = new Decapsulator(vtep, Counters);
        if (vtep.Underlay.ReadyDescriptor is null)
            return;
        _answersWaiting = new WakeEvent();
        vtep.Underlay.Watch(_answersWaiting.Descriptor);
    }

    /// <inheritdoc/>
    public string Name => _vtep.Name;

    /// <inheritdoc/>
    public FrameOffloads Accepts => FrameOffloads.None;

    /// <inheritdoc/>
    public PortCounters Counters { get; } = new();

    /// <inheritdoc/>
    public bool IsUp => true;

    /// <inheritdoc/>
    public SafeHandle? ReadyDescriptor => _vtep.Underlay.ReadyDescriptor;

    /// <summary>Takes a burst of packets, and hands their frames to the segments' sinks.</summary>
    /// <param name="sink">Not called.</param>
    /// <returns>Number of packets, or trains of them, taken.</returns>
    public int Receive(IFrameSink sink)
    {
        int taken = 0;
        if (_hasAnswers)
        {
            // The event first, then what it is for: see Wake.
            _hasAnswers = false;
            _answersWaiting?.Clear();
            foreach (VxlanPort one in _segments)
                taken += one.Attend();
        }

        return taken + _vtep.Underlay.Receive(_decapsulator);
    }

    /// <summary>Drops: the switch transmits to the segments' ports.</summary>
    /// <param name="frames">Counted.</param>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        Counters.AddTransmitDrops(DropReason.NoPort, frames.Length);
        return 0;
    }

    /// <summary>Never called: see <see cref="VxlanPort.DeliverTo"/>.</summary>
    /// <param name="port">Not used.</param>
    /// <param name="frames">Not used.</param>
    public void Accept(IPort port, ReadOnlySpan<Frame> frames) => Counters.AddReceiveDrops(DropReason.NoPort, frames.Length);

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher)
    {
        // Always up.
    }

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker)
    {
        Volatile.Write(ref _waker, waker);
        _vtep.Underlay.AttachWaker(waker);
    }

    /// <inheritdoc/>
    public bool TryArm()
    {
        bool armed = _vtep.Underlay.TryArm();
        return armed && !_hasAnswers;
    }

    /// <summary>Closes what it sleeps on; the VTEP does that.</summary>
    public void Dispose() => _answersWaiting?.Dispose();

    /// <summary>An answer, or an MTU to be asked for again, waits for the worker.</summary>
    internal void Wake()
    {
        // In this order: a worker that finds the event set and no answers looks again, and one that finds answers clears the event.
        _answersWaiting?.Set();
        _hasAnswers = true;
        Volatile.Read(ref _waker)?.Wake();
    }

    internal void SegmentsChangedLocked() => _segments = [.. _vtep.SegmentsLocked()];
}
