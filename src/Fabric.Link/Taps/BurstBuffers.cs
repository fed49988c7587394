using System.Runtime.InteropServices;

namespace Fabric.Link.Taps;

/// <summary>Room for one burst of frames that are read one by one, each behind its offload header.</summary>
/// <remarks>One for each thread, shared by the ports it polls: a burst is over when the sink returns, and the next one, of whichever
/// port, finds the memory still in the cache. Two megabytes that the host backs only as far as frames have filled them.</remarks>
internal sealed unsafe class BurstBuffers
{
    private const int FrameOffset = 64;
    private const int Stride = (FrameOffset + Frame.MaxLength + 63) & ~63;

    [ThreadStatic]
    private static BurstBuffers? _ofThread;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>((IPort.MaxBurst * Stride) + FrameOffset, pinned: true);
    private readonly byte* _start;

    private BurstBuffers()
    {
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_bytes, 0);
        _start = (byte*)((address + FrameOffset - 1) & -FrameOffset);
    }

    /// <summary>The calling thread's.</summary>
    internal static BurstBuffers OfThread => _ofThread ??= new BurstBuffers();

    /// <summary>The frames of the present burst.</summary>
    internal Frame[] Frames { get; } = new Frame[IPort.MaxBurst];

    /// <summary>Where a frame begins, on a cache line; its header may stand just before. There is room for the longest.</summary>
    /// <param name="index">Below <see cref="IPort.MaxBurst"/>.</param>
    // SAFETY: the array is pinned, and Stride bytes belong to each index.
    internal byte* FrameAt(int index) => _start + (index * Stride) + FrameOffset;
}
