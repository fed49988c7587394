using System.Runtime.InteropServices;
using Fabric.Link;

namespace Fabric.Switch.Tests.Fuzzing;

/// <summary>Memory for the frames of a burst in which each frame ends at a page that nobody may touch: who reads past its end dies.</summary>
internal sealed unsafe partial class GuardedFrames : IDisposable
{
    private const int Page = 4096;
    private const int Stride = 18 * Page;
    private const int ReadWrite = 3;
    private const int PrivateAnonymous = 0x22;
    private const int PiecesPerFrame = 4;
    private static readonly int Size = Stride * IPort.MaxBurst;
    private readonly byte* _memory;
    private readonly FrameSegment[] _pieces = GC.AllocateArray<FrameSegment>(IPort.MaxBurst * PiecesPerFrame, pinned: true);

    internal GuardedFrames()
    {
        nint memory = Map(0, Size, ReadWrite, PrivateAnonymous, -1, 0);
        Assert.NotEqual(-1, memory);
        _memory = (byte*)memory;
        for (int i = 0; i < IPort.MaxBurst; i++)
            Assert.Equal(0, Protect(memory + (i * Stride) + Stride - Page, Page, 0));
    }

    /// <summary>The bytes of a frame.</summary>
    internal Span<byte> Bytes(int slot, int length) => new(_memory + (slot * Stride) + Stride - Page - length, length);

    /// <summary>The frame, in as many pieces as there are cuts and one more.</summary>
    internal Frame Frame(int slot, int length, in FrameOffload offload, ReadOnlySpan<int> cuts)
    {
        byte* start = _memory + (slot * Stride) + Stride - Page - length;
        if (cuts.IsEmpty)
            return new Frame(start, length, offload);
        FrameSegment* rest = (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, slot * PiecesPerFrame);
        for (int i = 0; i < cuts.Length; i++)
            rest[i] = new FrameSegment((nint)(start + cuts[i]), (i + 1 < cuts.Length ? cuts[i + 1] : length) - cuts[i]);
        return new Frame(start, cuts[0], rest, cuts.Length, length, offload);
    }

    public void Dispose() => Unmap((nint)_memory, Size);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nint length);
}
