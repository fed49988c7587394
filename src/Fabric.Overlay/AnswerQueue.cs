using Fabric.Link;

namespace Fabric.Overlay;

/// <summary>What a segment itself has to say to the stations on this side: answers in the name of stations behind other VTEPs.</summary>
/// <remarks>They are made while the switch transmits, and a port calls no sink from there: they wait in a ring, and the worker brings
/// them. The ring is made for the first of them. Adding belongs to the transmit side.</remarks>
internal sealed class AnswerQueue(VxlanPort port) : IWaker, IFrameSink, IDisposable
{
    private volatile MemoryLink? _ring;

    /// <summary>An answer waits.</summary>
    public void Wake() => port.Vtep.Receiver.Wake();

    /// <inheritdoc/>
    public void Accept(IPort from, ReadOnlySpan<Frame> frames)
    {
        long bytes = 0;
        foreach (ref readonly Frame frame in frames)
            bytes += frame.Length;
        if (port.Sink is not { } sink)
        {
            port.Counters.AddReceiveDrops(DropReason.LinkDown, frames.Length);
            return;
        }

        port.Counters.AddReceived(frames.Length, bytes);
        sink.Accept(port, frames);
    }

    public void Dispose() => _ring?.Dispose();

    /// <summary>Takes a copy of a frame.</summary>
    /// <returns>False when there is no room for it.</returns>
    internal bool TryAdd(in Frame answer) => (_ring ?? Make()).Second.Transmit(new ReadOnlySpan<Frame>(in answer)) != 0;

    /// <summary>Brings the answers that wait to the segment's sink. Worker only.</summary>
    internal int Deliver()
    {
        if (_ring is not { } ring)
            return 0;
        int taken = 0;
        do
        {
            while (ring.First.Receive(this) is var more && more != 0)
                taken += more;
        }
        while (!ring.First.TryArm());
        return taken;
    }

    private MemoryLink Make()
    {
        MemoryLink ring = new(port.Name, port.Name);
        ring.First.AttachWaker(this);
        ring.First.TryArm();
        return _ring = ring;
    }
}
