using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fabric.Link.Packet;

/// <summary>Sends bursts through a packet socket, one system call for up to 32 frames, from where they lie, each behind its offload
/// header.</summary>
/// <remarks>Under the port's transmit lock.</remarks>
internal sealed unsafe class PacketSender
{
    private const int MostPieces = 256;
    private readonly int _socket;
    private readonly PortCounters _counters;
    private readonly Native.MultiMessage[] _messages = GC.AllocateArray<Native.MultiMessage>(IPort.MaxBurst, pinned: true);
    private readonly FrameOffload[] _headers = GC.AllocateArray<FrameOffload>(IPort.MaxBurst, pinned: true);
    private readonly Native.IoVector[] _pieces = GC.AllocateUninitializedArray<Native.IoVector>(MostPieces, pinned: true);
    private readonly int[] _lengths = new int[IPort.MaxBurst];
    private byte[] _copy = [];
    private int _count;
    private int _pieceCount;

    /// <param name="socket">Number of its descriptor, which stays open as long as this is used.</param>
    /// <param name="counters">Gets the drops.</param>
    internal PacketSender(int socket, PortCounters counters)
    {
        _socket = socket;
        _counters = counters;
    }

    /// <summary>Bytes of the frames sent since it was set to zero.</summary>
    internal long SentBytes { get; set; }

    /// <summary>Adds a frame to the burst.</summary>
    /// <returns>False when it does not fit in: <see cref="Flush"/> first; a frame always fits into an empty burst.</returns>
    internal bool TryAdd(in Frame frame)
    {
        const int HeaderAndHead = 2;
        int pieces = HeaderAndHead + frame.Rest.Length;
        bool isCopied = pieces > MostPieces;
        if (_count == IPort.MaxBurst || (isCopied && _count != 0) || (!isCopied && _pieceCount + pieces > MostPieces))
            return false;
        FrameOffload header = frame.Offload;
        // A hint only, but the host refuses a frame that is shorter than it.
        header.HeaderLength = (ushort)Math.Min(header.HeaderLength, frame.Length);
        _headers[_count] = header;
        // SAFETY: the arrays are pinned and have room, as was checked.
        Native.IoVector* first = (Native.IoVector*)Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, _pieceCount);
        first[0] = new Native.IoVector { Base = (void*)Marshal.UnsafeAddrOfPinnedArrayElement(_headers, _count), Length = (nuint)sizeof(FrameOffload) };
        pieces = 1 + (isCopied ? AddCopy(in frame, first + 1) : AddPieces(in frame, first + 1));
        _messages[_count] = new Native.MultiMessage { Pieces = first, PieceCount = (nuint)pieces };
        _lengths[_count++] = frame.Length;
        _pieceCount += pieces;
        return true;
    }

    /// <summary>Sends the burst. What the host refuses is dropped and counted.</summary>
    /// <returns>Number of frames sent.</returns>
    internal int Flush()
    {
        int sent = 0;
        for (int at = 0; at < _count;)
        {
            // SAFETY: the messages were built by TryAdd in pinned arrays, of frames that are valid until Transmit returns.
            int done = Native.SendMessages(_socket, (Native.MultiMessage*)Marshal.UnsafeAddrOfPinnedArrayElement(_messages, at), (uint)(_count - at), Native.MessageDontWait);
            int error = done < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error == Native.Eintr)
                continue;
            for (int i = 0; i < done; i++)
                SentBytes += _lengths[at + i];
            sent += Math.Max(done, 0);
            at += Math.Max(done, 1);
            // A call ends before the first frame that is refused; the next one begins with it and says why.
            if (error != 0)
                _counters.AddTransmitDrops(ReasonFor(error));
        }

        _count = 0;
        _pieceCount = 0;
        return sent;
    }

    private static int AddPieces(in Frame frame, Native.IoVector* to)
    {
        int count = 0;
        // SAFETY: the frame's pieces stay where they are until Transmit returns, by the contract of Frame.
        to[count++] = new Native.IoVector { Base = Unsafe.AsPointer(ref MemoryMarshal.GetReference(frame.Head)), Length = (nuint)frame.Head.Length };
        foreach (FrameSegment segment in frame.Rest)
            to[count++] = new Native.IoVector { Base = (void*)segment.Address, Length = (nuint)segment.Length };
        return count;
    }

    // Only a guest that takes care to cut a frame to shreds comes here.
    private int AddCopy(in Frame frame, Native.IoVector* to)
    {
        if (_copy.Length == 0)
            _copy = GC.AllocateUninitializedArray<byte>(Frame.MaxLength, pinned: true);
        frame.CopyTo(0, _copy);
        to[0] = new Native.IoVector { Base = (void*)Marshal.UnsafeAddrOfPinnedArrayElement(_copy, 0), Length = (nuint)frame.Length };
        return 1;
    }

    private static DropReason ReasonFor(int error) => error switch
    {
        Native.Enetdown or Native.Enxio or Native.Enodev => DropReason.LinkDown,
        Native.Emsgsize => DropReason.Oversized,
        Native.Einval => DropReason.BadOffload,
        Native.Efault => DropReason.BadDescriptor,
        _ => DropReason.NoBuffer,
    };
}
