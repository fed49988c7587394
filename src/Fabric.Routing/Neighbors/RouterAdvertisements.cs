using System.Buffers.Binary;
using Fabric.Routing.Forwarding;
using Fabric.Wire;

namespace Fabric.Routing.Neighbors;

/// <summary>Tells the hosts of its links that the router is there, and which prefixes are on them (RFC 4861, 6.2).</summary>
internal sealed class RouterAdvertisements(RouterControl control) : Timed
{
    private const int InitialCount = 3;
    private const long InitialInterval = 16 * Nanoseconds.PerSecond;
    private const long MinDelayBetween = 3 * Nanoseconds.PerSecond;
    private const long MaxResponseDelay = 500 * Nanoseconds.PerMillisecond;
    private const int MaxPrefixes = 16;
    private const int PrefixLength = 32;
    private const int MtuLength = 8;
    private const int MaxServers = 8;
    private const int MaxMessage = RouterAdvertisementView.MinLength + 8 + MtuLength + (MaxPrefixes * PrefixLength) + 8 + (MaxServers * 16);
    private const byte OnLink = 0x80;
    private const byte Autonomous = 0x40;
    private readonly List<Advertiser> _advertisers = [];

    /// <summary>An interface has come up or has got other addresses: a few advertisements in short order (RFC 4861, 6.2.4).</summary>
    internal void Changed(LogicalInterface link)
    {
        Advertiser? old = _advertisers.Find(item => item.Link == link);
        if (link.Options.Advertisements is null || !link.Options.UseV6 || link.Port is null)
            return;
        if (!link.IsUp)
        {
            _advertisers.RemoveAll(item => item.Link == link);
            return;
        }

        Advertiser advertiser = old ?? new Advertiser(link);
        if (old is null)
            _advertisers.Add(advertiser);
        advertiser.Initial = InitialCount;
        Plan(advertiser, Math.Max(control.Now, advertiser.Last + MinDelayBetween));
    }

    /// <summary>A host asks (RFC 4861, 6.2.6): all are answered after a short while, and not too often.</summary>
    internal void Solicited(LogicalInterface link)
    {
        if (_advertisers.Find(item => item.Link == link) is not { } advertiser)
            return;
        long at = Math.Max(control.Now, advertiser.Last + MinDelayBetween) + (long)(control.Random.NextDouble() * MaxResponseDelay);
        if (at < advertiser.Next)
            Plan(advertiser, at);
    }

    /// <summary>The interface goes, or the router: hosts are to look for another one (RFC 4861, 6.2.5).</summary>
    internal void Cease(LogicalInterface link)
    {
        if (_advertisers.RemoveAll(item => item.Link == link) != 0 && link.IsUp)
            Send(link, isLast: true);
    }

    protected override void Tick()
    {
        foreach (Advertiser advertiser in _advertisers)
        {
            if (advertiser.Next <= control.Now)
            {
                Send(advertiser.Link, isLast: false);
                advertiser.Last = control.Now;
                advertiser.Next = control.Now + NextInterval(advertiser);
            }

            Schedule(advertiser.Next);
        }
    }

    private long NextInterval(Advertiser advertiser)
    {
        long most = advertiser.Link.Options.Advertisements!.MaxInterval.Ticks * 100;
        long interval = (most / 3) + (long)(control.Random.NextDouble() * (most - (most / 3)));
        return advertiser.Initial > 0 && --advertiser.Initial > 0 ? Math.Min(interval, InitialInterval) : interval;
    }

    private void Plan(Advertiser advertiser, long at)
    {
        advertiser.Next = at;
        Schedule(at);
    }

    private void Send(LogicalInterface link, bool isLast)
    {
        if (link.State.LinkLocal is not { } own || !link.IsUsable(own.Address))
            return;
        Span<byte> message = stackalloc byte[MaxMessage];
        int length = Write(link, link.Options.Advertisements!, message, isLast);
        control.Discovery.SendMessage(link, message[..length], IpAddress.AllNodes.GroupMac, own.Address, IpAddress.AllNodes);
    }

    private static int Write(LogicalInterface link, RouterAdvertisementOptions options, Span<byte> message, bool isLast)
    {
        message.Clear();
        uint flags = (options.IsManaged ? 0x80_0000U : 0) | (options.HasOther ? 0x40_0000U : 0);
        uint lifetime = isLast ? 0 : (uint)Math.Clamp(options.Lifetime.TotalSeconds, 0, 9000);
        IcmpView.WriteHeader(message, (byte)Icmpv6Type.RouterAdvertisement, 0, ((uint)options.HopLimit << 24) | flags | lifetime);
        int at = RouterAdvertisementView.MinLength;
        at += NeighborOptions.WriteLinkLayerAddress(message[at..], NeighborOption.SourceLinkLayerAddress, link.Options.Mac);
        message[at] = (byte)NeighborOption.Mtu;
        message[at + 1] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(message[(at + 4)..], (uint)link.Mtu);
        at += MtuLength;
        IEnumerable<IpPrefix> prefixes = options.Prefixes ?? link.State.Addresses.Where(own => !own.IsV4 && !own.Address.IsLinkLocal);
        foreach (IpPrefix prefix in prefixes.Select(own => own.Network).Distinct().Take(MaxPrefixes))
            at += WritePrefix(message[at..], prefix, options);
        return at + WriteServers(message[at..], options);
    }

    private static int WritePrefix(Span<byte> option, IpPrefix prefix, RouterAdvertisementOptions options)
    {
        option[0] = (byte)NeighborOption.PrefixInformation;
        option[1] = PrefixLength / 8;
        option[2] = (byte)prefix.Length;
        option[3] = prefix.Length == 64 ? (byte)(OnLink | Autonomous) : OnLink;
        BinaryPrimitives.WriteUInt32BigEndian(option[4..], Seconds(options.ValidLifetime));
        BinaryPrimitives.WriteUInt32BigEndian(option[8..], Seconds(options.PreferredLifetime));
        prefix.Address.CopyTo(option[16..]);
        return PrefixLength;
    }

    private static int WriteServers(Span<byte> option, RouterAdvertisementOptions options)
    {
        int count = Math.Min(options.NameServers.Count, MaxServers);
        if (count == 0)
            return 0;
        option[0] = (byte)NeighborOption.RecursiveDnsServer;
        option[1] = (byte)(1 + (2 * count));
        BinaryPrimitives.WriteUInt32BigEndian(option[4..], Seconds(options.MaxInterval * 3));
        for (int i = 0; i < count; i++)
            options.NameServers[i].CopyTo(option[(8 + (16 * i))..]);
        return 8 + (16 * count);
    }

    private static uint Seconds(TimeSpan time) => (uint)Math.Clamp(time.TotalSeconds, 0, uint.MaxValue);

    private sealed class Advertiser(LogicalInterface link)
    {
        internal LogicalInterface Link => link;

        internal long Last { get; set; } = -MinDelayBetween;

        internal long Next { get; set; } = Never;

        internal int Initial { get; set; }
    }
}
