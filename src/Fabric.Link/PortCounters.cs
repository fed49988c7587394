namespace Fabric.Link;

/// <summary>A port's counters. Plain words: each is written by the side that owns it (receive: its worker; transmit: under the
/// port's lock) and may be read from any thread at any time.</summary>
public sealed class PortCounters
{
    private static readonly int Reasons = Enum.GetValues<DropReason>().Length;
    private readonly long[] _receiveDrops = new long[Reasons];
    private readonly long[] _transmitDrops = new long[Reasons];
    private long _receivedFrames;
    private long _receivedBytes;
    private long _transmittedFrames;
    private long _transmittedBytes;

    /// <summary>Frames taken from the attached end.</summary>
    public long ReceivedFrames => Volatile.Read(ref _receivedFrames);

    /// <summary>Bytes taken from the attached end.</summary>
    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>Frames given to the attached end.</summary>
    public long TransmittedFrames => Volatile.Read(ref _transmittedFrames);

    /// <summary>Bytes given to the attached end.</summary>
    public long TransmittedBytes => Volatile.Read(ref _transmittedBytes);

    /// <summary>Frames from the attached end that were dropped for a reason.</summary>
    /// <param name="reason">The reason.</param>
    public long ReceiveDrops(DropReason reason) => Volatile.Read(ref _receiveDrops[(int)reason]);

    /// <summary>Frames for the attached end that were dropped for a reason.</summary>
    /// <param name="reason">The reason.</param>
    public long TransmitDrops(DropReason reason) => Volatile.Read(ref _transmitDrops[(int)reason]);

    /// <summary>Counts frames taken from the attached end. Receive side only.</summary>
    /// <param name="frames">Number of frames.</param>
    /// <param name="bytes">Their bytes.</param>
    public void AddReceived(long frames, long bytes)
    {
        Volatile.Write(ref _receivedFrames, _receivedFrames + frames);
        Volatile.Write(ref _receivedBytes, _receivedBytes + bytes);
    }

    /// <summary>Counts frames given to the attached end. Under the port's transmit lock only.</summary>
    /// <param name="frames">Number of frames.</param>
    /// <param name="bytes">Their bytes.</param>
    public void AddTransmitted(long frames, long bytes)
    {
        Volatile.Write(ref _transmittedFrames, _transmittedFrames + frames);
        Volatile.Write(ref _transmittedBytes, _transmittedBytes + bytes);
    }

    /// <summary>Counts frames from the attached end that were dropped. Receive side only.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="frames">Number of frames.</param>
    public void AddReceiveDrops(DropReason reason, long frames = 1) =>
        Volatile.Write(ref _receiveDrops[(int)reason], _receiveDrops[(int)reason] + frames);

    /// <summary>Counts frames for the attached end that were dropped, by the port or by what stands before it. Any thread.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="frames">Number of frames.</param>
    public void AddTransmitDrops(DropReason reason, long frames = 1) => Interlocked.Add(ref _transmitDrops[(int)reason], frames);
}
