using System.Buffers.Binary;
using Fabric.Wire;

namespace Fabric.Hosts.Neighbors;

/// <summary>Tells routers and snooping switches which IPv6 groups the host listens to: the solicited-node groups of its addresses
/// (MLDv2, RFC 3810). Without, a switch that sends groups to listeners only (RFC 4541) would keep neighbour solicitations from it.</summary>
internal sealed class ListenerReports(HostStack stack) : Timed
{
    private const int RecordLength = 20;
    private const int MaxRecords = 24;
    private const byte ModeIsExclude = 2;
    private const byte ChangeToExclude = 4;
    private const int HopByHopLength = 8;

    /// <summary>A change is told twice, for one may get lost (RFC 3810, 9.14.1: Robustness Variable), a second apart at most.</summary>
    private const int Robustness = 2;

    private static readonly IpAddress AllListeners = IpAddress.FromV6(new UInt128(0xFF02_0000_0000_0000, 0x16));
    private long _next = Never;
    private int _left;
    private byte _type;

    /// <summary>An address was taken up, and a group with it.</summary>
    internal void GroupJoined()
    {
        if (stack.Options.UseV6)
            Plan(ChangeToExclude, Robustness, stack.Now);
    }

    /// <summary>A router or switch asks (RFC 3810, 5.1); what it asks about in particular does not matter, the answer is always all.</summary>
    internal void AcceptQuery(ReadOnlySpan<byte> message)
    {
        // Within the time the query gives, at random, so that a link's hosts do not answer all at once (6.2). Milliseconds, in MLDv2
        // in a floating form from 32,768 on (5.1.3), which are taken for the most here.
        long most = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(message[4..]), (ushort)10_000) * Nanoseconds.PerMillisecond;
        Plan(ModeIsExclude, 1, stack.Now + (long)(stack.Random.NextDouble() * most));
    }

    protected override void Tick()
    {
        if (_next <= stack.Now)
        {
            _next = --_left > 0 ? stack.Now + (long)(stack.Random.NextDouble() * Nanoseconds.PerSecond) : Never;
            Send();
        }

        Schedule(_next);
    }

    private void Plan(byte type, int times, long at)
    {
        // A change that has not been told yet outranks an answer, and says as much.
        if (_next == Never || type == ChangeToExclude)
            _type = type;
        _left = Math.Max(_next == Never ? 0 : _left, times);
        _next = Math.Min(_next, at);
        Schedule(_next);
    }

    private void Send()
    {
        Span<byte> frame = stackalloc byte[EthernetView.MinHeaderLength + 4 + Ipv6View.MinHeaderLength + HopByHopLength + IcmpView.HeaderLength + (MaxRecords * RecordLength)];
        int start = stack.Output.WriteEthernet(frame, AllListeners.GroupMac, EtherType.Ipv6);
        int icmp = start + Ipv6View.MinHeaderLength + HopByHopLength;
        Span<byte> records = frame[(icmp + IcmpView.HeaderLength)..];
        int count = WriteRecords(records);
        if (count == 0)
            return;
        Span<byte> message = frame.Slice(icmp, IcmpView.HeaderLength + (count * RecordLength));
        IcmpView.WriteHeader(message, (byte)Icmpv6Type.MulticastListenerReportV2, 0, (uint)count);

        // RFC 3810, 5.2.13: from the link-local address, or from none while that is on probation; hop limit 1, with Router Alert (RFC 2711).
        IpAddress source = stack.Addresses.TrySource(AllListeners, out IpAddress own) && own.IsLinkLocal ? own : IpAddress.AnyV6;
        HeaderWriter.StoreChecksum(message, source, AllListeners, IpProtocol.IcmpV6);
        HeaderWriter.V6(frame[start..], source, AllListeners, IpProtocol.HopByHop, HopByHopLength + message.Length, hopLimit: 1);
        ReadOnlySpan<byte> alert = [(byte)IpProtocol.IcmpV6, 0, 5, 2, 0, 0, 1, 0];
        alert.CopyTo(frame[(icmp - HopByHopLength)..]);
        stack.Output.Transmit(frame[..(icmp + message.Length)], default);
    }

    private int WriteRecords(Span<byte> records)
    {
        int count = 0;
        foreach (HostAddress address in stack.Addresses.All)
        {
            if (address.Address.IsV4 || count == MaxRecords)
                continue;
            Span<byte> record = records.Slice(count * RecordLength, RecordLength);
            record.Clear();
            record[0] = _type;
            address.Address.SolicitedNode.CopyTo(record[4..]);
            bool there = false;
            for (int i = 0; i < count && !there; i++)
                there = records.Slice((i * RecordLength) + 4, 16).SequenceEqual(record[4..]);
            if (!there)
                count++;
        }

        return count;
    }
}
