using System.Runtime.InteropServices;
using Fabric.Link;

namespace Fabric.TestKit.Link;

/// <summary>Frames from arrays, for tests.</summary>
public static unsafe class PortExtensions
{
    /// <summary>Transmits one frame.</summary>
    public static int Send(this IPort port, byte[] frame, FrameOffload offload = default, params int[] splitAt)
    {
        fixed (byte* bytes = frame)
        {
            if (splitAt.Length == 0)
                return port.Transmit([new Frame(bytes, frame.Length, offload)]);
            Span<FrameSegment> rest = stackalloc FrameSegment[splitAt.Length];
            for (int i = 0; i < splitAt.Length; i++)
            {
                int end = i + 1 < splitAt.Length ? splitAt[i + 1] : frame.Length;
                rest[i] = new FrameSegment((nint)(bytes + splitAt[i]), end - splitAt[i]);
            }

            fixed (FrameSegment* segments = rest)
            {
                return port.Transmit([new Frame(bytes, splitAt[0], segments, rest.Length, frame.Length, offload)]);
            }
        }
    }

    /// <summary>Transmits frames in one burst.</summary>
    public static int SendBurst(this IPort port, params byte[][] frames)
    {
        Frame[] burst = new Frame[frames.Length];
        GCHandle[] pins = new GCHandle[frames.Length];
        for (int i = 0; i < frames.Length; i++)
        {
            pins[i] = GCHandle.Alloc(frames[i], GCHandleType.Pinned);
            burst[i] = new Frame((byte*)pins[i].AddrOfPinnedObject(), frames[i].Length);
        }

        int delivered = port.Transmit(burst);
        foreach (GCHandle pin in pins)
            pin.Free();
        return delivered;
    }

    /// <summary>Takes everything that waits at a port.</summary>
    public static List<RecordedFrame> ReceiveAll(this IPort port)
    {
        RecordingSink sink = new();
        while (port.Receive(sink) != 0)
        {
        }

        return sink.Frames;
    }
}
