using System.Runtime.InteropServices;

namespace Fabric.Link.Capture;

/// <summary>What stands in the ring before a frame's bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal struct CaptureRecord
{
    /// <summary>Bytes of a record without its frame; a multiple of the ring's unit.</summary>
    internal const int Size = 64;

    /// <summary>Value of <see cref="Reason"/> for a frame that passes.</summary>
    internal const int NotDropped = -1;

    /// <summary>Bytes of the frame that follow; −1 sends the reader back to the ring's start.</summary>
    internal int Captured;

    /// <summary>Length of the whole frame in bytes.</summary>
    internal int Length;

    /// <summary>Number of the port in this capture.</summary>
    internal int Interface;

    /// <summary>A <see cref="DropReason"/>, or <see cref="NotDropped"/>.</summary>
    internal int Reason;

    /// <summary>When, in nanoseconds since 1970.</summary>
    internal long Stamp;

    /// <summary>Number of the record in this capture, from 1.</summary>
    internal long Sequence;

    /// <summary>Of a drop: the record that has shown the frame before; 0 for none.</summary>
    internal long Refers;

    /// <summary>The received burst that the record belongs to: what its switch says about it, it says before the next one begins.</summary>
    internal int Burst;

    /// <summary>Frames of this port lost since its last record.</summary>
    internal int Lost;

    /// <summary>What is still to be done to the frame.</summary>
    internal FrameOffload Offload;

    /// <summary>Which way it passes.</summary>
    internal byte Direction;
}
