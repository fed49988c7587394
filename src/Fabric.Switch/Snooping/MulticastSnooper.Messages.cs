using System.Buffers.Binary;
using Fabric.Switch.Multicast;
using Fabric.Wire;

namespace Fabric.Switch.Snooping;

// Messages: what they change, and where they go.
public sealed partial class MulticastSnooper
{
    /// <inheritdoc/>
    public SnoopVerdict Receive(int port, int vid, ReadOnlySpan<byte> body, out ReadOnlySpan<int> ports)
    {
        ports = default;
        if (body.Length < 2 || PortAt(port) is not { } from || _v4[vid] is not { } v4 || _v6[vid] is not { } v6)
            return SnoopVerdict.Flood;
        SetNow();
        SnoopFault fault;
        SnoopedMessage message;
        bool isV4 = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(body) == EtherType.Ipv4;
        if (isV4)
            fault = Ipv4View.TryParse(body[2..], out Ipv4View packet) ? SnoopedMessage.Parse(packet, out message) : Cut(out message);
        else
            fault = Ipv6View.TryParse(body[2..], out Ipv6View packet) ? SnoopedMessage.Parse(packet, out message) : Cut(out message);
        if (fault == SnoopFault.None && from.Options.Router == RouterPortMode.Never && (message.IsPim || message.Message.Kind == GroupMessageKind.Query))
            fault = SnoopFault.Guarded;
        if (fault != SnoopFault.None)
        {
            Counters.AddFault(fault);
            return SnoopVerdict.Invalid;
        }

        GroupDomain domain = isV4 ? v4 : v6;
        if (!Take(domain, from, in message))
            return SnoopVerdict.Flood;
        ports = domain.RouterTargets(port);
        return SnoopVerdict.Routers;
    }

    private static SnoopFault Cut(out SnoopedMessage message)
    {
        message = default;
        return SnoopFault.Length;
    }

    // Tells whether it is for routers alone.
    private bool Take(GroupDomain domain, SnoopedPort from, scoped in SnoopedMessage message)
    {
        if (message.IsPim)
        {
            TakeHello(domain, from, message.HoldTime);
            return false;
        }

        GroupMessageView view = message.Message;
        switch (view.Kind)
        {
            case GroupMessageKind.Query:
                Counters.AddQuery();
                domain.HearQuery(from, message.Source, in view);
                return false;
            case GroupMessageKind.Report:
                Counters.AddReport();
                domain.Report(from, view.Group, view.Version);
                return true;
            case GroupMessageKind.Leave:
                Counters.AddLeave();
                domain.Leave(from, view.Group);
                return true;
            case GroupMessageKind.RecordReport:
                Counters.AddReport();
                foreach (GroupRecordView record in view.Records)
                    domain.Record(from, in record);
                return true;
            default:
                Counters.AddOther();
                return false;
        }
    }

    private void TakeHello(GroupDomain domain, SnoopedPort from, int holdTime)
    {
        const int Forever = ushort.MaxValue;
        if (holdTime < 0)
            return;
        Counters.AddHello();
        domain.Routers.Hear(from, Now, holdTime == Forever ? long.MaxValue : Now + (1000L * holdTime));
    }
}
