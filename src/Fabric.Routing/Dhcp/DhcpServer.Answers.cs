using Fabric.Routing.Protocols;
using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <content>What is answered to what.</content>
public sealed partial class DhcpServer
{
    private static ReadOnlySpan<byte> Refusal => "this address is not yours here"u8;

    private void Answer(in DhcpView message, in Place place)
    {
        switch (message.MessageType)
        {
            case DhcpMessageType.Discover:
                Offer(in message, in place);
                break;
            case DhcpMessageType.Request:
                Decide(in message, in place);
                break;
            case DhcpMessageType.Decline:
                Decline(in message, in place);
                break;
            case DhcpMessageType.Release:
                Release(in message, in place);
                break;
            default:
                Inform(in message, in place);
                break;
        }
    }

    private void Offer(in DhcpView message, in Place place)
    {
        _ = message.TryFindAddress(DhcpOption.RequestedAddress, out IpAddress wanted);
        if (place.Book.Choose(place.Client, wanted, IsOwn) is not { } record)
        {
            Counters.Drop(DhcpDrop.Exhausted);
            return;
        }

        if (record.State != DhcpLeaseState.Bound)
            place.Book.Set(record, DhcpLeaseState.Offered, After(_options.OfferTime));
        if (!IsProven(record, in message, in place))
            return;
        Give(DhcpMessageType.Offer, in message, in place, record.Address, LeaseOf(in message, place.Book.Pool));
    }

    /// <summary>RFC 2131, 4.3.2: which fields are there says in which state the client is.</summary>
    private void Decide(in DhcpView message, in Place place)
    {
        bool chose = message.TryFindAddress(DhcpOption.ServerIdentifier, out IpAddress server);
        bool asks = message.TryFindAddress(DhcpOption.RequestedAddress, out IpAddress wanted);
        LeaseRecord? record = place.Book.Find(place.Client);
        if (chose && !IsNamed(in place, server))
        {
            // Offers that were not taken go back at once.
            if (record?.State == DhcpLeaseState.Offered)
                place.Book.Free(record);
            Counters.Drop(DhcpDrop.OtherServer);
        }
        else if (asks)
        {
            Confirm(in message, in place, record, wanted, mayBeUnknown: chose);
        }
        else if (!message.ClientAddress.IsUnspecified)
        {
            record ??= place.Book.Take(place.Client, message.ClientAddress, IsOwn);
            Confirm(in message, in place, record, message.ClientAddress, mayBeUnknown: true);
        }
        else
        {
            Counters.Drop(DhcpDrop.Malformed);
        }
    }

    /// <summary>Says yes or no to an address that a client means to use.</summary>
    private void Confirm(in DhcpView message, in Place place, LeaseRecord? record, IpAddress address, bool mayBeUnknown)
    {
        if (record?.Address == address)
        {
            uint seconds = LeaseOf(in message, place.Book.Pool);
            place.Book.Set(record, DhcpLeaseState.Bound, After(TimeSpan.FromSeconds(seconds)));
            record.Client = place.Client;
            record.IsProven = true;
            Give(DhcpMessageType.Acknowledge, in message, in place, address, seconds);
        }
        else if (record is not null || mayBeUnknown || !place.Book.Pool.Network.Contains(address))
        {
            Refuse(in message, in place);
        }
        else
        {
            Counters.Drop(DhcpDrop.Unknown);
        }
    }

    private void Decline(in DhcpView message, in Place place)
    {
        bool isIts = message.TryFindAddress(DhcpOption.RequestedAddress, out IpAddress address) && IsForThis(in message, in place, isNeeded: true);
        if (!isIts || place.Book.Find(place.Client) is not { } record || record.Address != address || record.State == DhcpLeaseState.Free)
        {
            Counters.Drop(DhcpDrop.Unknown);
            return;
        }

        Counters.Conflicts++;
        place.Book.Decline(record, After(_options.DeclineTime));
    }

    private void Release(in DhcpView message, in Place place)
    {
        LeaseRecord? record = place.Book.Find(place.Client);
        if (record is { State: DhcpLeaseState.Bound } && record.Address == message.ClientAddress && IsForThis(in message, in place, isNeeded: false))
            place.Book.Free(record);
        else
            Counters.Drop(DhcpDrop.Unknown);
    }

    /// <summary>RFC 2131, 4.3.5: only what is to be known of the network.</summary>
    private void Inform(in DhcpView message, in Place place)
    {
        if (place.Book.Pool.Network.Contains(message.ClientAddress))
            Give(DhcpMessageType.Acknowledge, in message, in place, IpAddress.AnyV4, 0);
        else
            Counters.Drop(DhcpDrop.Malformed);
    }

    private bool IsNamed(in Place place, IpAddress server) => server == place.Server || IsOwn(server);

    private bool IsForThis(in DhcpView message, in Place place, bool isNeeded) =>
        message.TryFindAddress(DhcpOption.ServerIdentifier, out IpAddress server) ? IsNamed(in place, server) : !isNeeded;

    private static uint LeaseOf(in DhcpView message, DhcpPool pool)
    {
        uint most = (uint)pool.Lease.TotalSeconds;
        return message.TryFindNumber(DhcpOption.LeaseTime, out uint wanted) ? Math.Clamp(wanted, Math.Min(LeastLease, most), most) : most;
    }

    private long After(TimeSpan time) => _host!.Now + (time.Ticks * NanosecondsPerTick);

    private void Give(DhcpMessageType type, in DhcpView message, in Place place, IpAddress address, uint seconds)
    {
        Span<byte> room = stackalloc byte[DhcpReply.MaxRoom];
        DhcpWriter writer = DhcpReply.Begin(room[..DhcpReply.RoomFor(in message)], type, in message, place.Server);
        bool isRelayed = !message.RelayAddress.IsUnspecified;
        writer.SetYourAddress(address);
        if (type == DhcpMessageType.Acknowledge)
            writer.SetClientAddress(message.ClientAddress);
        if (seconds > 0)
            DhcpReply.AddTimes(ref writer, seconds);
        bool isHere = place.Link.IsOnLink(place.Book.Pool.First);
        DhcpReply.AddNetwork(ref writer, place.Book.Pool, in message, isRelayed ? message.RelayAddress : place.Server, isHere ? place.Link.Mtu : null);
        DhcpReply.AddEchoes(ref writer, in message);
        Send(type, in message, in place, address, room[..writer.Finish()]);
    }

    private void Refuse(in DhcpView message, in Place place)
    {
        Span<byte> room = stackalloc byte[DhcpReply.MaxRoom];
        DhcpWriter writer = DhcpReply.Begin(room[..DhcpReply.MinRoom], DhcpMessageType.NegativeAcknowledge, in message, place.Server);
        if (!message.RelayAddress.IsUnspecified)
            writer.SetBroadcast();
        writer.Add(DhcpOption.Message, Refusal);
        DhcpReply.AddEchoes(ref writer, in message);
        Send(DhcpMessageType.NegativeAcknowledge, in message, in place, IpAddress.AnyV4, room[..writer.Finish()]);
    }

    /// <summary>RFC 2131, 4.1: to the relay agent, to the client's address, to all, or to the station that gets the address.</summary>
    private void Send(DhcpMessageType type, in DhcpView message, in Place place, IpAddress address, ReadOnlySpan<byte> reply)
    {
        bool isRelayed = !message.RelayAddress.IsUnspecified;
        bool hasAddress = type == DhcpMessageType.Acknowledge && place.Book.Pool.Network.Contains(message.ClientAddress);
        bool toAll = !isRelayed && !hasAddress && (message.WantsBroadcast || type == DhcpMessageType.NegativeAcknowledge);
        IpAddress to = isRelayed ? message.RelayAddress : hasAddress ? message.ClientAddress : toAll ? IpAddress.BroadcastV4 : address;
        bool isRouted = (isRelayed || hasAddress) && !place.Link.IsOnLink(to);
        Datagram datagram = new(
            isRouted ? Datagram.Routed : place.Link.Index, place.Server, DhcpView.ServerPort, to, isRelayed ? DhcpView.ServerPort : DhcpView.ClientPort, HopLimit, reply)
        {
            Station = isRelayed || hasAddress || toAll ? null : message.ClientMac,
        };
        if (_host!.Send(in datagram))
            Counters.Count(type);
        else
            Counters.Drop(DhcpDrop.Unsent);
    }
}
