using Fabric.Wire;

namespace Fabric.Routing.Dhcp;

/// <content>Addresses are asked before they are offered for the first time (RFC 2131, 3.1, 2): somebody may have taken one by hand.</content>
public sealed partial class DhcpServer
{
    /// <summary>Offers that wait for silence; more are sent without asking, so that a flood of clients does not fill memory.</summary>
    private const int MaxWaiting = 256;

    private readonly List<WaitingOffer> _waiting = [];

    /// <summary>Tells whether an address can be offered now; if not, its offer follows when nobody has answered there.</summary>
    private bool IsProven(LeaseRecord record, in DhcpView message, in Place place)
    {
        if (_probe is null || record.IsProven)
            return true;
        if (_waiting.Exists(offer => offer.Record == record))
            return false;
        if (_waiting.Count >= MaxWaiting || !_probe.Ask(record.Address, Answered))
            return true;
        _waiting.Add(new WaitingOffer(record, message.Bytes.ToArray(), place, After(_options.ProbeTime)));
        return false;
    }

    /// <summary>Sends the offers of addresses where nobody has answered.</summary>
    private void OfferProven()
    {
        foreach (WaitingOffer offer in _waiting.Where(offer => offer.Due <= _host!.Now).ToArray())
        {
            _waiting.Remove(offer);
            offer.Record.IsProven = true;
            Repeat(offer);
        }
    }

    /// <summary>Somebody uses an address: it rests, and the client gets another one.</summary>
    private void Answered(IpAddress address)
    {
        if (_host is null || _waiting.Find(offer => offer.Record.Address == address) is not { } offer)
            return;
        _waiting.Remove(offer);
        Counters.Conflicts++;
        if (offer.Record is { State: DhcpLeaseState.Offered } record)
            offer.Place.Book.Decline(record, After(_options.DeclineTime));
        Repeat(offer);
    }

    private void Repeat(WaitingOffer offer)
    {
        if (DhcpView.TryParse(offer.Message, out DhcpView message))
            Offer(in message, offer.Place);
    }

    private sealed record WaitingOffer(LeaseRecord Record, byte[] Message, Place Place, long Due);
}
