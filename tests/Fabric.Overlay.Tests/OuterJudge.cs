using System.Buffers.Binary;
using Fabric.Link;

namespace Fabric.Overlay.Tests;

/// <summary>Looks on at the outside of a VTEP now and then, and reads the headers octet by octet.</summary>
internal sealed class OuterJudge(Vtep vtep) : IFrameObserver
{
    private const int Headers = 14 + 20 + 8;
    private bool _looksOn;

    public long Received { get; private set; }

    public long Sent { get; private set; }

    public long Dropped { get; private set; }

    /// <summary>Begins to look on, or stops.</summary>
    public void Toggle()
    {
        if (_looksOn)
            vtep.Outside.Observers.Remove(this);
        else
            vtep.Outside.Observers.Add(this);
        _looksOn = !_looksOn;
    }

    public void Observe(IPort port, FrameDirection direction, ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
        {
            Judge(port, in frame, direction == FrameDirection.Transmitted);
            if (direction == FrameDirection.Received)
                Received++;
            else
                Sent++;
        }
    }

    public void ObserveDrop(IPort port, FrameDirection direction, in Frame frame, DropReason reason)
    {
        Assert.Equal(FrameDirection.Received, direction);
        Assert.Equal(port is VtepReceiver, reason is DropReason.BadEncapsulation or DropReason.UnknownSegment);
        Dropped++;
    }

    private void Judge(IPort port, in Frame frame, bool isSent)
    {
        byte[] bytes = new byte[frame.Length];
        Assert.Equal(frame.Length, frame.CopyTo(0, bytes));
        Assert.Equal(new byte[12], bytes[..12]);
        Assert.Equal([0x08, 0x00, 0x45, 0], bytes[12..16]);
        Assert.Equal(bytes.Length - 14, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(16)));
        Assert.Equal(bytes.Length - 34, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(38)));
        Assert.Equal(4789, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(36)));
        Assert.Equal((34, 6), (frame.Offload.ChecksumStart, frame.Offload.ChecksumOffset));
        byte[] local = new byte[4];
        vtep.Underlay.Local.CopyTo(local);
        Assert.Equal(local, isSent ? bytes[26..30] : bytes[30..34]);
        if (port is VxlanPort segment)
            Assert.Equal(segment.Vni, (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(Headers + 4)) >> 8));
        if (isSent)
            Assert.Equal([8, 0, 0, 0], bytes[Headers..(Headers + 4)]);
    }
}
