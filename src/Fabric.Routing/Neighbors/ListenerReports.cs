using System.Buffers.Binary;
using Fabric.Routing.Forwarding;
using Fabric.Routing.Local;
using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

/// <summary>Tells snooping switches which IPv6 groups the router listens to (MLDv2, RFC 3810): without, they would keep neighbour
/// solicitations and the routing protocols' packets from it (RFC 4541, 3). IPv4 groups of one link need no report (RFC 4541, 2.1.2).</summary>
internal sealed class ListenerReports(RouterControl control) : Timed
{
    private const int RecordLength = 20;
    private const int MaxRecords = 32;
    private const byte ModeIsExclude = (byte)GroupRecordType.IsExclude;
    private const byte ChangeToExclude = (byte)GroupRecordType.ToExclude;
    private const int HopByHopLength = 8;

    /// <summary>A change is told twice, for one may get lost (RFC 3810, 9.14.1), a second apart at most.</summary>
    private const int Robustness = 2;

    private static readonly IpAddress AllListeners = IpAddress.FromV6(new UInt128(0xFF02_0000_0000_0000, 0x16));
    private readonly Dictionary<LogicalInterface, (long Next, int Left, byte Type)> _plans = [];

    /// <summary>The groups of an interface have changed, or it has come up.</summary>
    internal void Changed(LogicalInterface link)
    {
        if (link.Options.UseV6 && link.Port is not null && link.IsUp)
            Plan(link, ChangeToExclude, Robustness, control.Now);
    }

    internal void Forget(LogicalInterface link) => _plans.Remove(link);

    /// <summary>A switch or router asks (RFC 3810, 5.1): whatever it asks about, the answer is all.</summary>
    internal void AcceptQuery(LogicalInterface link, ReadOnlySpan<byte> message)
    {
        // Within the time that the query gives, at random (RFC 3810, 6.2).
        long most = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(message[4..]), (ushort)10_000) * Nanoseconds.PerMillisecond;
        Plan(link, ModeIsExclude, 1, control.Now + (long)(control.Random.NextDouble() * most));
    }

    protected override void Tick()
    {
        foreach ((LogicalInterface link, (long next, int left, byte type)) in _plans.ToArray())
        {
            if (next > control.Now)
            {
                Schedule(next);
                continue;
            }

            _plans.Remove(link);
            Send(link, type);
            if (left > 1)
                Plan(link, type, left - 1, control.Now + (long)(control.Random.NextDouble() * Nanoseconds.PerSecond));
        }
    }

    private void Plan(LogicalInterface link, byte type, int times, long at)
    {
        if (_plans.TryGetValue(link, out (long Next, int Left, byte Type) old))
        {
            // A change that has not been told yet outranks an answer, and says as much.
            (type, times, at) = (Math.Max(type, old.Type), Math.Max(times, old.Left), Math.Min(at, old.Next));
        }

        _plans[link] = (at, times, type);
        Schedule(at);
    }

    private void Send(LogicalInterface link, byte type)
    {
        IpAddress[] groups = [.. link.Groups.Where(group => !group.IsV4 && group != IpAddress.AllNodes).Take(MaxRecords)];
        if (!link.IsUp || groups.Length == 0)
            return;
        Span<byte> frame = stackalloc byte[
            EthernetView.MinHeaderLength + 4 + Ipv6View.MinHeaderLength + HopByHopLength + IcmpView.HeaderLength + (MaxRecords * RecordLength)];
        frame.Clear();
        int start = PacketOutput.WriteEthernet(link, frame, AllListeners.GroupMac, EtherType.Ipv6);
        int icmp = start + Ipv6View.MinHeaderLength + HopByHopLength;
        Span<byte> message = frame.Slice(icmp, IcmpView.HeaderLength + (groups.Length * RecordLength));
        IcmpView.WriteHeader(message, (byte)Icmpv6Type.MulticastListenerReportV2, 0, (uint)groups.Length);
        for (int i = 0; i < groups.Length; i++)
        {
            Span<byte> record = message.Slice(IcmpView.HeaderLength + (i * RecordLength), RecordLength);
            record[0] = type;
            groups[i].CopyTo(record[4..]);
        }

        // RFC 3810, 5.2.13: from the link-local address, or from none while that is on probation; hop limit 1, with Router Alert (RFC 2711).
        IpAddress source = link.State.LinkLocal is { } own && link.IsUsable(own.Address) ? own.Address : IpAddress.AnyV6;
        HeaderWriter.StoreChecksum(message, source, AllListeners, IpProtocol.IcmpV6);
        HeaderWriter.V6(frame[start..], source, AllListeners, IpProtocol.HopByHop, HopByHopLength + message.Length, hopLimit: 1);
        ReadOnlySpan<byte> alert = [(byte)IpProtocol.IcmpV6, 0, 5, 2, 0, 0, 1, 0];
        alert.CopyTo(frame[(icmp - HopByHopLength)..]);
        control.Output.Transmit(link, frame[..(icmp + message.Length)], default);
    }
}
