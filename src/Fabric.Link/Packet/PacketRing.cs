using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Wire;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link.Packet;

/// <summary>The receive ring of a packet socket (TPACKET_V2): slots in memory shared with the kernel, each with room for the longest
/// frame.</summary>
/// <remarks>The second version, not the third: that one gathers frames in blocks, which it hands over when they are full or after a
/// millisecond at the earliest, and a ping would take as long.</remarks>
internal sealed unsafe class PacketRing : IDisposable
{
    private const int Level = 263;
    private const int ReceiveRing = 5;
    private const int StatisticsOption = 6;

    private const int SlotLength = 65536 + 512;
    private const int BlockLength = 1 << 20;
    private const int SlotsPerBlock = BlockLength / SlotLength;
    private const int MostBlocks = 16;

    // struct tpacket2_hdr, then struct sockaddr_ll at 32; host byte order.
    private const int LengthOffset = 4;
    private const int CapturedOffset = 8;
    private const int FrameOffset = 12;
    private const int TagOffset = 24;
    private const int TagTypeOffset = 26;
    private const int KindOffset = 32 + 10;

    private const uint StatusKernel = 0;
    private const uint StatusUser = 1;
    private const uint StatusLosing = 4;
    private const uint StatusTag = 0x10;
    private const uint StatusTagType = 0x40;
    private const byte KindOutgoing = 4;
    private const byte KindLoopback = 5;
    private const int HeaderLength = 10;
    private const int TagLength = 4;

    private readonly SafeFileHandle _socket;
    private readonly byte* _start;
    private readonly int _blocks;
    private readonly Frame[] _frames = new Frame[IPort.MaxBurst];
    private int _next;
    private bool _disposed;

    private PacketRing(SafeFileHandle socket, byte* start, int blocks)
    {
        _socket = socket;
        _start = start;
        _blocks = blocks;
    }

    private int SlotCount => _blocks * SlotsPerBlock;

    /// <summary>Makes the ring of a socket that puts offload headers before frames and is not yet bound.</summary>
    /// <exception cref="LinkException">The host has no memory for it.</exception>
    internal static PacketRing Map(SafeFileHandle socket)
    {
        int blocks = Reserve(socket);
        nint start = Native.Map(0, (nuint)blocks * BlockLength, Native.ProtectionReadWrite, Native.MapShared, socket, 0);
        return start != -1 ? new PacketRing(socket, (byte*)start, blocks)
            : throw new LinkException($"the host does not map its receive ring: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Looks at the frames that wait. They stay valid until <see cref="Release"/>.</summary>
    /// <param name="counters">Gets the drops.</param>
    /// <param name="taken">Number of slots to release.</param>
    /// <returns>Frames to hand on.</returns>
    internal ReadOnlySpan<Frame> Peek(PortCounters counters, out int taken)
    {
        int count = 0;
        uint seen = 0;
        for (taken = 0; taken < IPort.MaxBurst; taken++)
        {
            byte* slot = SlotAt(_next + taken);
            uint status = Volatile.Read(ref *(uint*)slot);
            if ((status & StatusUser) == 0)
                break;
            seen |= status;
            if (TryRead(slot, status, counters, out Frame frame))
                _frames[count++] = frame;
        }

        if ((seen & StatusLosing) != 0)
            CountLosses(counters);
        return _frames.AsSpan(0, count);
    }

    /// <summary>Gives slots back to the kernel.</summary>
    internal void Release(int taken)
    {
        for (int i = 0; i < taken; i++)
            Volatile.Write(ref *(uint*)SlotAt(_next + i), StatusKernel);
        _next += taken;
        if (_next >= SlotCount)
            _next -= SlotCount;
    }

    public void Dispose()
    {
        if (!_disposed)
            _ = Native.Unmap((nint)_start, (nuint)_blocks * BlockLength);
        _disposed = true;
    }

    private static int Reserve(SafeFileHandle socket)
    {
        int* request = stackalloc int[4];
        for (int blocks = MostBlocks; ; blocks /= 2)
        {
            request[0] = BlockLength;
            request[1] = blocks;
            request[2] = SlotLength;
            request[3] = blocks * SlotsPerBlock;
            // SAFETY: struct tpacket_req on our own stack.
            if (Native.SetSocketOption(socket, Level, ReceiveRing, request, 16) == 0)
                return blocks;
            if (blocks == MostBlocks / 4)
                throw new LinkException($"the host has no memory for a receive ring: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    private byte* SlotAt(int number)
    {
        int wrapped = number < SlotCount ? number : number - SlotCount;
        // SAFETY: SlotsPerBlock slots fit into each of the blocks that are mapped; no caller goes more than a burst beyond the last.
        return _start + ((nint)(wrapped / SlotsPerBlock) * BlockLength) + ((wrapped % SlotsPerBlock) * SlotLength);
    }

    /// <summary>Makes a frame of a slot: its offload header stands before it, its VLAN tag beside it.</summary>
    private static bool TryRead(byte* slot, uint status, PortCounters counters, out Frame frame)
    {
        frame = default;
        if (slot[KindOffset] is KindOutgoing or KindLoopback)
            return false;
        int captured = *(int*)(slot + CapturedOffset);
        int offset = *(ushort*)(slot + FrameOffset);
        bool isWhole = captured == *(int*)(slot + LengthOffset) && offset + captured <= SlotLength;
        if (!isWhole || captured < EthernetView.MinHeaderLength)
        {
            counters.AddReceiveDrops(isWhole ? DropReason.Truncated : DropReason.Oversized);
            return false;
        }

        // SAFETY: the frame lies inside its slot, as was checked, behind the slot's own header and ten bytes of offload header, which are
        // read before the tag takes their place.
        byte* data = slot + offset;
        FrameOffload offload = Unsafe.ReadUnaligned<FrameOffload>(data - HeaderLength);
        if ((status & StatusTag) != 0)
        {
            data = InsertTag(data, *(ushort*)(slot + TagOffset), (status & StatusTagType) != 0 ? *(ushort*)(slot + TagTypeOffset) : (ushort)EtherType.CustomerVlan);
            captured += TagLength;
            offload.HeaderLength += TagLength;
            if ((offload.Flags & OffloadFlags.NeedsChecksum) != 0)
                offload.ChecksumStart += TagLength;
        }

        frame = new Frame(data, captured, in offload);
        return true;
    }

    private static byte* InsertTag(byte* data, ushort tag, ushort type)
    {
        const int Addresses = 2 * MacAddress.Length;
        // SAFETY: there are at least four bytes before a frame: its offload header.
        byte* moved = data - TagLength;
        new ReadOnlySpan<byte>(data, Addresses).CopyTo(new Span<byte>(moved, Addresses));
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(moved + Addresses, 2), type);
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(moved + Addresses + 2, 2), tag);
        return moved;
    }

    private void CountLosses(PortCounters counters)
    {
        uint* statistics = stackalloc uint[2];
        uint length = 2 * sizeof(uint);
        // SAFETY: struct tpacket_stats on our own stack. Reading it sets it back to zero.
        if (Native.GetSocketOption(_socket, Level, StatisticsOption, statistics, &length) == 0)
            counters.AddReceiveDrops(DropReason.NoBuffer, statistics[1]);
    }
}
