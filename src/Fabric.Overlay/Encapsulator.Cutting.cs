using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.Overlay;

// Frames that can be finished without a copy.
internal sealed unsafe partial class Encapsulator
{
    /// <summary>Makes a super-frame into datagrams, where that needs no copy.</summary>
    /// <returns>False when it has to go the long way, where what is wrong with it is found too; nothing has happened then.</returns>
    private bool TryCut(VxlanPort port, in Frame frame, int index, ushort sourcePort)
    {
        byte* head = At(index) + HeadOffset;
        if (!TcpCutter.TryParse(new ReadOnlySpan<byte>(head, Math.Min(frame.Length, HeadLength)), in frame, out TcpCutter cutter)
            || cutter.LongestPacket(frame.Length) > port.Mtu || !TryFindRest(in frame, cutter.Payload, out byte* payload))
            return false;

        cutter.Begin(head, port.Vni);
        int headers = Header + cutter.Payload;
        int left = frame.Length - cutter.Payload;
        for (int i = 0; left > 0; i++)
        {
            byte* place = At(TakePlace(port)) + HeadOffset - Header;
            int size = Math.Min(left, cutter.SegmentSize);
            left -= size;
            cutter.Write(place, i, new ReadOnlySpan<byte>(payload, size), left == 0);
            if (_pieceCount == MostPieces)
                Flush(port);
            int piece = _pieceCount++;
            _pieces[piece] = new FrameSegment((nint)payload, size);
            payload += size;
            // SAFETY: as for Append.
            Frame packet = new(place, headers, (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_pieces, piece), 1, headers + size, default);
            QueueFor(port, _targets[index], sourcePort, in packet);
        }

        return true;
    }

    /// <summary>Makes the checksum of a TCP or UDP packet in the copy of its head.</summary>
    /// <returns>False when it has to go the long way.</returns>
    private bool TryComplete(in Frame frame, int index)
    {
        FrameOffload offload = frame.Offload;
        Span<byte> head = new(At(index) + HeadOffset, Math.Min(frame.Length, HeadLength));
        byte* rest = null;
        if (offload.Gso != GsoType.None || !InnerPacket.IsChecksumAt(head, offload.ChecksumStart, offload.ChecksumOffset, out IpProtocol protocol)
            || (frame.Length > HeadLength && !TryFindRest(in frame, HeadLength, out rest)))
            return false;
        // Both begin at even positions.
        ulong sum = InternetChecksum.Add(0, head[offload.ChecksumStart..]);
        if (rest is not null)
            sum = InternetChecksum.Add(sum, new ReadOnlySpan<byte>(rest, frame.Length - HeadLength));
        ushort checksum = InternetChecksum.Finish(sum);
        if (checksum == 0 && protocol == IpProtocol.Udp)
            checksum = ushort.MaxValue;
        BinaryPrimitives.WriteUInt16BigEndian(head[(offload.ChecksumStart + offload.ChecksumOffset)..], checksum);
        return true;
    }

    /// <summary>Finds what follows a frame's first bytes, if it is in one piece.</summary>
    private static bool TryFindRest(in Frame frame, int offset, out byte* rest)
    {
        // SAFETY: the frame's memory stays where it is during the call; the rest reaches to the end of its last piece.
        if (frame.IsContiguous)
        {
            rest = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(frame.Head)) + offset;
            return true;
        }

        rest = null;
        if (frame.Rest.Length != 1 || frame.Head.Length > offset)
            return false;
        rest = (byte*)frame.Rest[0].Address + (offset - frame.Head.Length);
        return true;
    }

    /// <summary>A place for the head of a finished frame; when there is none left, all go that wait.</summary>
    private int TakePlace(VxlanPort port)
    {
        if (_finishedCount == MostFinished)
        {
            Flush(port);
            _finishedCount = 0;
        }

        return MaxBurst + _finishedCount++;
    }

    private void QueueFor(VxlanPort port, int target, ushort sourcePort, in Frame payload)
    {
        if (target != Flooded)
        {
            Queue(port, new TunnelDatagram(_remotes[target].Address, _remotes[target].Port, sourcePort, payload));
            return;
        }

        foreach (RemoteVtep remote in port.Flood)
            Queue(port, new TunnelDatagram(remote.Address, remote.Port, sourcePort, payload));
    }
}
