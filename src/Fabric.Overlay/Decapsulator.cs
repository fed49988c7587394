using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Fabric.Link;
using Fabric.Overlay.Underlays;
using Fabric.Wire;

namespace Fabric.Overlay;

/// <summary>The way in: from the datagrams of the underlay to the sinks of the segments.</summary>
/// <remarks>Packets are checked and learned from under one lock, up to <see cref="Most"/> of them; then, without it, runs of one segment go
/// to their sink. The frames lie in the underlay's memory, which nobody else writes.</remarks>
internal sealed unsafe class Decapsulator : IDatagramSink
{
    private const int Most = 256;

    // Joining longer ones gains little.
    private const int LongestToVerify = 2048;
    private const int AddressesLength = 2 * MacAddress.Length;

    private readonly Vtep _vtep;
    private readonly PortCounters _counters;
    private readonly Arrival[] _arrivals = new Arrival[Most];
    private readonly Frame[] _frames = new Frame[IPort.MaxBurst];
    private readonly TcpJoiner _joiner = new();
    private int _count;
    private int _offset;
    private bool _isWatched;

    internal Decapsulator(Vtep vtep, PortCounters counters)
    {
        _vtep = vtep;
        _counters = counters;
    }

    /// <inheritdoc/>
    public void Accept(ReadOnlySpan<ReceivedDatagram> datagrams)
    {
        _offset = 0;
        _isWatched = !_vtep.Outside.Observers.IsEmpty;
        while (!datagrams.IsEmpty)
        {
            _count = 0;
            lock (_vtep.Tables)
            {
                datagrams = datagrams[Classify(datagrams)..];
            }

            Deliver();
        }
    }

    /// <summary>Fills the arrivals.</summary>
    /// <param name="datagrams">What has come.</param>
    /// <returns>How many are done with; the next one is where <see cref="_offset"/> says.</returns>
    private int Classify(ReadOnlySpan<ReceivedDatagram> datagrams)
    {
        uint now = _vtep.Seconds();
        VxlanPort? port = null;
        RemoteVtep? remote = null;
        long bytes = 0;
        int packets = 0;
        int done = 0;
        for (; done < datagrams.Length; done++, _offset = 0)
        {
            ref readonly ReceivedDatagram datagram = ref datagrams[done];
            if (remote is null || remote.Address != datagram.Source)
                remote = _vtep.FindLocked(datagram.Source);
            do
            {
                if (_count == Most)
                {
                    _counters.AddReceived(packets, bytes);
                    return done;
                }

                int length = Math.Min(datagram.Segment, datagram.Length - _offset);
                packets++;
                bytes += length;
                DropReason? reason = Classify(datagram.Data + _offset, length, datagram.Source, ref port, ref remote, now);
                if (_isWatched)
                    _vtep.Outside.ShowReceived(port, in datagram, _offset, length, reason);
                _offset += datagram.Segment;
            }
            while (_offset < datagram.Length);
        }

        _counters.AddReceived(packets, bytes);
        return done;
    }

    private DropReason? Classify(byte* data, int length, IpAddress source, ref VxlanPort? port, ref RemoteVtep? remote, uint now)
    {
        // SAFETY: the underlay gave so many bytes, for the time of the call.
        if (!VxlanView.TryParse(new ReadOnlySpan<byte>(data, length), out VxlanView packet))
        {
            _counters.AddReceiveDrops(DropReason.BadEncapsulation);
            return DropReason.BadEncapsulation;
        }

        int vni = packet.Vni;
        if (port is null || port.Vni != vni)
        {
            port = _vtep.SegmentLocked(vni);
            port?.Stations.SetTime(now);
        }

        if (port is null)
        {
            _counters.AddReceiveDrops(DropReason.UnknownSegment);
            return DropReason.UnknownSegment;
        }

        data += VxlanView.HeaderLength;
        length -= VxlanView.HeaderLength;
        if (Refuse(port, data, length, source, ref remote) is { } reason)
        {
            port.Counters.AddReceiveDrops(reason);
            return reason;
        }

        _arrivals[_count++] = new Arrival { Data = data, Length = length, Port = port };
        return null;
    }

    private DropReason? Refuse(VxlanPort port, byte* data, int length, IpAddress source, ref RemoteVtep? remote)
    {
        bool mayBeNew = port.Options.AcceptsUnknownRemotes && source != _vtep.Underlay.Local;
        if (mayBeNew)
            remote ??= _vtep.FindOrAddLocked(source);
        if (remote is null || (!mayBeNew && !port.IsMember(remote.Index)))
            return DropReason.BadPeer;

        if (length < EthernetView.MinHeaderLength)
            return DropReason.Truncated;
        if (length > Frame.MaxLength)
            return DropReason.Oversized;
        // SAFETY: there are fourteen bytes.
        ulong station = (Unsafe.ReadUnaligned<ulong>(data) >> 48) | ((ulong)Unsafe.ReadUnaligned<uint>(data + 8) << 16);
        if ((station & 1) != 0)
            return DropReason.GroupSource;
        if (port.Options.Tags != InnerTags.Carried && (EtherType)BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(data + AddressesLength, 2)) is EtherType.CustomerVlan or EtherType.ServiceVlan)
            return DropReason.VlanFiltered;
        if (!port.Stations.TryLearn(station, remote.Index))
            return DropReason.SecurityViolation;
        port.Neighbors?.LearnLocked(new ReadOnlySpan<byte>(data, length), station);
        return null;
    }

    private void Deliver()
    {
        for (int first = 0; first < _count;)
        {
            VxlanPort port = _arrivals[first].Port;
            int end = first + 1;
            while (end < _count && _arrivals[end].Port == port)
                end++;
            Deliver(port, _arrivals.AsSpan(first, end - first));
            first = end;
        }
    }

    private void Deliver(VxlanPort port, ReadOnlySpan<Arrival> arrivals)
    {
        if (port.Sink is not { } sink)
        {
            port.Counters.AddReceiveDrops(DropReason.LinkDown, arrivals.Length);
            return;
        }

        while (!arrivals.IsEmpty)
        {
            int count = 0;
            long bytes = 0;
            _joiner.Begin();
            while (count < IPort.MaxBurst && !arrivals.IsEmpty)
            {
                int joined = port.Options.Coalesces ? _joiner.Join(arrivals, out _frames[count]) : 1;
                if (joined == 1)
                    _frames[count] = Single(port, in arrivals[0], mayJoin: arrivals.Length + count > 1);
                else
                    port.Events.AddJoined(joined);
                bytes += _frames[count++].Length;
                arrivals = arrivals[joined..];
            }

            port.Counters.AddReceived(count, bytes);
            sink.Accept(port, _frames.AsSpan(0, count));
        }
    }

    private static Frame Single(VxlanPort port, in Arrival arrival, bool mayJoin)
    {
        FrameOffload offload = default;
        // SAFETY: the underlay's memory, which stays as it is during the call.
        ReadOnlySpan<byte> frame = new(arrival.Data, arrival.Length);
        bool isUnfinished = port.Options.FindsUnfinished && UnfinishedChecksum.TryFind(frame, port.Mtu, out offload);
        // Ports join datagrams of a flow when somebody has seen that their checksums are right.
        if (mayJoin && !isUnfinished && port.Options.Coalesces && frame.Length <= LongestToVerify && InnerPacket.IsRightDatagram(frame))
            offload.Flags = OffloadFlags.DataValid;
        if (MssClamp.IsWanted(arrival.Data, arrival.Length))
            LowerSegmentSize(port, in arrival, !offload.IsNone);
        return new Frame(arrival.Data, arrival.Length, in offload);
    }

    private static void LowerSegmentSize(VxlanPort port, in Arrival arrival, bool isPartial)
    {
        // SAFETY: the underlay's memory, which is ours to write until the call ends.
        if (MssClamp.TryLower(new Span<byte>(arrival.Data, arrival.Length), port.Mtu, isPartial))
            port.Events.AddClampedIn();
    }

    /// <summary>A frame that goes on.</summary>
    internal struct Arrival
    {
        internal byte* Data;
        internal int Length;
        internal VxlanPort Port;
    }
}
