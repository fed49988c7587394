using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

// How the datagrams of a burst become messages of one socket.
public sealed unsafe partial class UdpUnderlay
{
    private int SendBy(int sender, ReadOnlySpan<TunnelDatagram> datagrams, int first, PortCounters counters)
    {
        int left = 0;
        int messages = 0;
        int pieces = 0;
        for (int i = first; i < datagrams.Length;)
        {
            if (_chosen[i] != sender)
            {
                i++;
                continue;
            }

            ref readonly TunnelDatagram datagram = ref datagrams[i];
            if (pieces + PiecesEach > MostPieces)
            {
                left += Flush(sender, messages, counters);
                messages = pieces = 0;
            }

            if (datagram.Payload.Rest.Length >= PiecesEach)
            {
                counters.AddTransmitDrops(DropReason.BadDescriptor);
                _chosen[i++] = -1;
                continue;
            }

            int train = _segments ? Measure(datagrams[i..], _chosen.AsSpan(i), sender) : 1;
            Address(messages, in datagram);
            ref Native.Message message = ref _outgoing[messages];
            message.Pieces = At(_pieces, pieces);
            int began = pieces;
            for (int last = i + train; i < last; i++)
            {
                Add(in datagrams[i], ref pieces);
                _chosen[i] = -1;
            }

            message.PieceCount = (nuint)(pieces - began);
            if (train > 1)
            {
                _asked[messages] = new Native.Control { Length = 18, Level = Native.UdpLevel, Type = Native.UdpSegment, Value = (ushort)datagram.Payload.Length };
                message.Control = (byte*)At(_asked, messages);
                message.ControlLength = (nuint)sizeof(Native.Control);
            }

            _counts[messages++] = train;
        }

        return left + Flush(sender, messages, counters);
    }

    /// <summary>How many datagrams one message can carry.</summary>
    private static int Measure(ReadOnlySpan<TunnelDatagram> datagrams, ReadOnlySpan<int> chosen, int sender)
    {
        ref readonly TunnelDatagram first = ref datagrams[0];
        int segment = first.Payload.Length;
        int total = segment;
        int pieces = 1 + first.Payload.Rest.Length;
        int count = 1;
        while (count < datagrams.Length && count < MostSegments && chosen[count] == sender)
        {
            ref readonly TunnelDatagram next = ref datagrams[count];
            int length = next.Payload.Length;
            pieces += 1 + next.Payload.Rest.Length;
            if (length > segment || total + length > MostTrain || pieces > PiecesEach || next.Destination != first.Destination || next.Port != first.Port)
                break;
            total += length;
            count++;
            if (length < segment)
                break;
        }

        return count;
    }

    private void Address(int message, in TunnelDatagram datagram)
    {
        WriteName(_to.AsSpan(message * NameLength, NameLength), datagram.Destination, datagram.Port);
        _outgoing[message] = new Native.Message { Name = At(_to, message * NameLength), NameLength = (uint)(Local.IsV4 ? V4NameLength : NameLength) };
    }

    /// <summary>struct sockaddr_in, sockaddr_in6: family, port, then (IPv6: flow label) the address.</summary>
    private void WriteName(Span<byte> name, IpAddress address, ushort port)
    {
        MemoryMarshal.Write(name, (ushort)_family);
        BinaryPrimitives.WriteUInt16BigEndian(name[2..], port);
        address.CopyTo(name[(Local.IsV4 ? 4 : 8)..]);
    }

    private void Add(in TunnelDatagram datagram, ref int pieces)
    {
        // SAFETY: the payload's memory stays where it is during the call.
        fixed (byte* head = datagram.Payload.Head)
            _pieces[pieces++] = new Native.Piece { Base = head, Length = (nuint)datagram.Payload.Head.Length };
        foreach (FrameSegment segment in datagram.Payload.Rest)
            _pieces[pieces++] = new Native.Piece { Base = (void*)segment.Address, Length = (nuint)segment.Length };
    }

    private int Flush(int sender, int messages, PortCounters counters)
    {
        int left = 0;
        for (int first = 0; first < messages;)
        {
            // SAFETY: all that the messages name is pinned, or a frame's memory during this call.
            int sent = Native.SendMany(_senders[sender], At(_outgoing, first), (uint)(messages - first), Native.DontWait | Native.NoSignal);
            if (sent > 0)
            {
                for (int i = 0; i < sent; i++)
                {
                    left += _counts[first + i];
                    _sentBytes += _outgoing[first + i].Length;
                }

                first += sent;
                continue;
            }

            left += Retry(sender, first, Marshal.GetLastPInvokeError(), counters);
            first++;
        }

        return left;
    }

    /// <summary>A message that the host refused: a train goes once more, each datagram by itself, if that may help.</summary>
    private int Retry(int sender, int message, int error, PortCounters counters)
    {
        int count = _counts[message];
        bool mayHelp = error is Native.ErrorIo or Native.ErrorInvalid or Native.ErrorMessageSize;
        if (count == 1 || !mayHelp)
        {
            counters.AddTransmitDrops(ReasonOf(error), count);
            return 0;
        }

        if (error == Native.ErrorIo)
            Volatile.Write(ref _segments, false);
        int segment = (ushort)_asked[message].Value;
        Native.Message whole = _outgoing[message];
        int left = 0;
        int piece = 0;
        for (int i = 0; i < count; i++)
        {
            Native.Message one = whole with { Pieces = whole.Pieces + piece, PieceCount = 0, Control = null, ControlLength = 0 };
            nuint length = 0;
            while (length < (nuint)segment && piece < (int)whole.PieceCount)
            {
                length += whole.Pieces[piece++].Length;
                one.PieceCount++;
            }

            // SAFETY: as in Flush.
            if (Native.SendMany(_senders[sender], &one, 1, Native.DontWait | Native.NoSignal) == 1)
            {
                left++;
                _sentBytes += (long)length;
            }
            else
            {
                counters.AddTransmitDrops(ReasonOf(Marshal.GetLastPInvokeError()));
            }
        }

        return left;
    }

    private static DropReason ReasonOf(int error) => error switch
    {
        Native.ErrorAgain or Native.ErrorNoBuffers => DropReason.NoBuffer,
        Native.ErrorMessageSize => DropReason.Oversized,
        _ => DropReason.LinkDown,
    };
}
