using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Routing.Sockets;

/// <content>Datagrams of one size in a row, of one flow, leave as one super-frame: routers on the way and the far end handle it once, and
/// where it leaves the process it is cut, by a network card or by OffloadCompleter (virtio 1.2, 5.1.6.2: UDP segmentation).</content>
public sealed unsafe partial class DatagramSocket
{
    private Train _train;

    /// <summary>Datagrams that are part of another one's frame, of what is ready.</summary>
    private int _joined;

    /// <summary>Puts a datagram behind the one before it, if it is of the same flow and no longer.</summary>
    private bool TryAppend(in OutgoingDatagram datagram)
    {
        Frame payload = datagram.Payload;
        if (!_train.Takes(in datagram) || !_options.Checksums || _pieceCount != _train.Pieces || _pieceCount + payload.Rest.Length >= MostPieces)
            return false;
        if (_train.Count == 1 && (_readyLink!.Port!.Accepts & FrameOffloads.Udp) == 0)
            return false;
        AddPiece(payload.Head);
        foreach (FrameSegment segment in payload.Rest)
            _pieces[_pieceCount++] = segment;
        _train.Add(payload.Length, _pieceCount);
        _joined++;
        return true;
    }

    /// <summary>Makes the frame of a train of more than one datagram, which is the last one that is ready.</summary>
    private void CloseTrain()
    {
        Train train = _train;
        _train = default;
        if (train.Count < 2)
            return;
        ref Frame frame = ref _ready[_readyCount - 1];
        int added = train.Length - train.First;
        int udpLength = UdpView.HeaderLength + train.Length;
        Span<byte> packet = _slots.AsSpan(train.Slot, train.Header + UdpView.HeaderLength);
        OutgoingDatagram first = new(train.Destination, train.Port, train.SourcePort, default);
        WriteHeaders(packet, in first, train.Header, udpLength);
        FrameOffload offload = frame.Offload;
        offload.Gso = GsoType.UdpL4;
        offload.GsoSize = (ushort)train.First;
        offload.HeaderLength = (ushort)(offload.ChecksumStart + UdpView.HeaderLength);
        int pieces = frame.Rest.Length;
        int start = pieces == 0 ? train.Start : IndexOf(frame.Rest);
        fixed (byte* head = frame.Head)
        {
            // SAFETY: the head lies in the pinned slots, and the pieces of a train stand one behind the other.
            frame = new Frame(head, frame.Head.Length, _piecesStart + start, train.Pieces - start, frame.Length + added, offload);
        }

        _readyBytes += added;
    }

    private int IndexOf(ReadOnlySpan<FrameSegment> pieces)
    {
        fixed (FrameSegment* first = pieces)
            return (int)(first - _piecesStart);
    }

    /// <summary>Datagrams that leave as one frame.</summary>
    private struct Train
    {
        internal IpAddress Destination;
        internal ushort Port;
        internal ushort SourcePort;
        internal int Slot;
        internal int Header;

        /// <summary>Length of the first payload, and of each but the last.</summary>
        internal int First;

        /// <summary>Length of all payloads.</summary>
        internal int Length;
        internal int Count;

        /// <summary>Where the pieces of the second payload begin.</summary>
        internal int Start;

        /// <summary>Where the pieces of the last one end.</summary>
        internal int Pieces;
        private bool _isClosed;

        internal void Begin(in OutgoingDatagram datagram, int slot, int header, int pieces)
        {
            Destination = datagram.Destination;
            Port = datagram.Port;
            SourcePort = datagram.SourcePort;
            Slot = slot;
            Header = header;
            First = Length = datagram.Payload.Length;
            Count = 1;
            Start = Pieces = pieces;
            _isClosed = First == 0;
        }

        internal readonly bool Takes(in OutgoingDatagram datagram) =>
            Count != 0 && !_isClosed && datagram.Payload.Length <= First && datagram.Payload.Length != 0 && Header + UdpView.HeaderLength + Length + datagram.Payload.Length <= ushort.MaxValue
            && datagram.SourcePort == SourcePort && datagram.Port == Port && datagram.Destination == Destination;

        internal void Add(int length, int pieces)
        {
            Length += length;
            Count++;
            Pieces = pieces;
            _isClosed = length < First;
        }
    }
}
