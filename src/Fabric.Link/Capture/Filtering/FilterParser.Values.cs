using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Fabric.Link.Capture.Filtering;

/// <content>Addresses, networks, ports and protocol numbers.</content>
internal sealed partial class FilterParser
{
    private const int MaxPort = ushort.MaxValue;

    private Condition ParsePort(Qualifiers qualifiers)
    {
        FilterToken token = Take();
        string? protocol = qualifiers.Protocol;
        uint port = token.Value;
        if (token.Kind == FilterTokenKind.Word && FilterVocabulary.Services.TryGetValue(token.Text, out (uint Port, string? Protocol) service))
        {
            if (protocol is not null && service.Protocol is not null && protocol != service.Protocol)
                throw Wrong(token, $"{token.Text} is a port of {service.Protocol}, not of {protocol}");
            (port, protocol) = (service.Port, protocol ?? service.Protocol);
        }
        else if (token.Kind != FilterTokenKind.Number || port > MaxPort)
        {
            throw Wrong(token, $"'{token.Text}' is no port; they go from 0 to {MaxPort}");
        }

        return Ports(token, qualifiers with { Protocol = protocol }, port, port);
    }

    private Condition ParsePortRange(Qualifiers qualifiers)
    {
        FilterToken token = Take();
        string[] ends = token.Text.Split('-');
        if (token.Kind is not (FilterTokenKind.Range or FilterTokenKind.Number)
            || !uint.TryParse(ends[0], CultureInfo.InvariantCulture, out uint first) || !uint.TryParse(ends[^1], CultureInfo.InvariantCulture, out uint last)
            || first > MaxPort || last > MaxPort)
        {
            throw Wrong(token, $"'{token.Text}' is no range of ports; write two of 0 to {MaxPort} as in 6000-6010");
        }

        return Ports(token, qualifiers, Math.Min(first, last), Math.Max(first, last));
    }

    private Condition Ports(FilterToken token, Qualifiers qualifiers, uint first, uint last)
    {
        uint[] protocols = qualifiers.Protocol switch
        {
            null => [6, 17, 132],
            "tcp" or "udp" or "sctp" => [FilterVocabulary.IpProtocols[qualifiers.Protocol]],
            string other => throw Wrong(token, $"{other} has no ports"),
        };
        Condition? v4 = null;
        Condition? v6 = null;
        foreach (uint protocol in protocols)
        {
            Condition one = Condition.Both(
                Condition.Both(Condition.Field(Network + 9, 1, protocol), IsNoLaterFragment()),
                InDirection(qualifiers.Direction, isSource => Within(first, last, (relation, port) => Condition.TransportField(Network, isSource ? 0 : 2, port, relation))));
            Condition six = Condition.Both(
                Condition.Field(Network + 6, 1, protocol),
                InDirection(qualifiers.Direction, isSource => Within(first, last, (relation, port) => Condition.Field(Network + (isSource ? 40 : 42), 2, port, relation))));
            v4 = v4 is null ? one : Condition.Either(v4, one);
            v6 = v6 is null ? six : Condition.Either(v6, six);
        }

        return Condition.Either(Condition.Both(EtherTypeIs(0x86DD), v6!), Condition.Both(EtherTypeIs(0x0800), v4!));
    }

    private static Condition Within(uint first, uint last, Func<Relation, uint, Condition> field) => first == last
        ? field(Relation.Equal, first)
        : Condition.Both(field(Relation.GreaterOrEqual, first), field(Relation.LessOrEqual, last));

    private static Condition InDirection(string? direction, Func<bool, Condition> end) => direction switch
    {
        "src" => end(true),
        "dst" => end(false),
        "and" => Condition.Both(end(true), end(false)),
        _ => Condition.Either(end(true), end(false)),
    };

    private Condition ParseProtocolNumber(Qualifiers qualifiers)
    {
        FilterToken token = Take();
        if (qualifiers.Direction is not null)
            throw Wrong(token, "a protocol has no direction");
        bool isEther = qualifiers.Protocol == "ether";
        Dictionary<string, uint> names = isEther ? FilterVocabulary.EtherTypes : FilterVocabulary.IpProtocols;
        uint number = token.Value;
        if (token.Kind != FilterTokenKind.Number && !(token.Kind == FilterTokenKind.Word && names.TryGetValue(token.Text, out number)))
            throw Wrong(token, $"'{token.Text}' is no protocol's name here; write its number");
        if (number > (isEther ? ushort.MaxValue : byte.MaxValue))
            throw Wrong(token, $"{token.Text} is too large for a protocol");
        return qualifiers.Protocol switch
        {
            "ether" => EtherTypeIs(number),
            "ip" => IpProtocolIs(number),
            "ip6" => Ipv6ProtocolIs(number),
            null => EitherProtocolIs(number),
            string other => throw Wrong(token, $"{other} carries no further protocol by number; use ether, ip or ip6"),
        };
    }

    private Condition ParseAddress(Qualifiers qualifiers)
    {
        FilterToken token = Take();
        if (qualifiers.Protocol == "ether")
            return token.Kind == FilterTokenKind.Mac ? EtherHost(token, qualifiers.Direction) : throw Wrong(token, $"'{token.Text}' is no Ethernet address; write six octets as in 52:54:00:12:34:56");
        switch (token.Kind)
        {
            case FilterTokenKind.Ipv6:
                return ParseIpv6(token, qualifiers);
            case FilterTokenKind.Dotted:
            case FilterTokenKind.Number when qualifiers.Type == "net":
                return ParseIpv4(token, qualifiers);
            case FilterTokenKind.Mac:
                throw Wrong(token, "an Ethernet address needs ether before host, src or dst");
            default:
                throw Wrong(token, $"'{token.Text}' is no address; names are not looked up, write the number");
        }
    }

    private Condition ParseIpv4(FilterToken token, Qualifiers qualifiers)
    {
        string[] parts = token.Text.Split('.');
        uint address = 0;
        foreach (string part in parts)
        {
            if (!byte.TryParse(part, CultureInfo.InvariantCulture, out byte octet))
                throw Wrong(token, $"{token.Text} is no IPv4 address: {part} is more than 255");
            address = (address << 8) | octet;
        }

        // What is left out on the right is not compared: net 10.1 is 10.1.0.0/16.
        int missing = 32 - (8 * parts.Length);
        address <<= missing;
        uint mask = uint.MaxValue << missing;
        if (ParsePrefix(32) is { } prefix)
            mask = prefix == 0 ? 0 : uint.MaxValue << (32 - prefix);
        else if (TryTakeWord("mask"))
            mask = ParseMask();
        if ((address & ~mask) != 0)
            throw Wrong(token, $"{token.Text} has bits set behind the prefix; the network is {new IPAddress(BinaryPrimitives.ReverseEndianness(address & mask))}");
        return Ipv4Host(token, qualifiers, address, mask);
    }

    private uint ParseMask()
    {
        FilterToken token = Take();
        if (token.Kind != FilterTokenKind.Dotted || !IPAddress.TryParse(token.Text, out IPAddress? mask))
            throw Wrong(token, "expected a mask such as 255.255.0.0");
        return BinaryPrimitives.ReadUInt32BigEndian(mask.GetAddressBytes());
    }

    private int? ParsePrefix(int bits)
    {
        if (!TryTake("/"))
            return null;
        FilterToken token = Take();
        if (token.Kind != FilterTokenKind.Number || token.Value > bits)
            throw Wrong(token, $"expected a prefix length of 0 to {bits}");
        return (int)token.Value;
    }

    private Condition Ipv4Host(FilterToken token, Qualifiers qualifiers, uint address, uint mask)
    {
        Condition Ip() => Host(0x0800, 12, 16);
        Condition Arp() => Host(0x0806, 14, 24);
        Condition Rarp() => Host(0x8035, 14, 24);
        return qualifiers.Protocol switch
        {
            null => Condition.Either(Ip(), Condition.Either(Arp(), Rarp())),
            "ip" => Ip(),
            "arp" => Arp(),
            "rarp" => Rarp(),
            string other => throw Wrong(token, $"{other} has no IPv4 addresses; write {other} and {qualifiers.Type} {token.Text}"),
        };

        Condition Host(uint type, int source, int destination) => Condition.Both(
            EtherTypeIs(type),
            mask == 0
                ? Condition.Always()
                : InDirection(qualifiers.Direction, isSource => Condition.Field(Network + (isSource ? source : destination), 4, address, mask: mask)));
    }

    private Condition ParseIpv6(FilterToken token, Qualifiers qualifiers)
    {
        if (qualifiers.Protocol is not (null or "ip6"))
            throw Wrong(token, $"{qualifiers.Protocol} has no IPv6 addresses");
        byte[] address = IPAddress.Parse(token.Text).GetAddressBytes();
        byte[] mask = new byte[16];
        int prefix = ParsePrefix(128) ?? 128;
        for (int bit = 0; bit < prefix; bit++)
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        if (qualifiers.Type == "net" && address.Where((octet, i) => (octet & ~mask[i]) != 0).Any())
            throw Wrong(token, $"{token.Text} has bits set behind the prefix");
        return Condition.Both(EtherTypeIs(0x86DD), InDirection(qualifiers.Direction, isSource => Ipv6Words(address, mask, Network + (isSource ? 8 : 24))));
    }

    private static Condition Ipv6Words(byte[] address, byte[] mask, int offset)
    {
        Condition? all = null;
        for (int word = 0; word < 16; word += 4)
        {
            uint bits = BinaryPrimitives.ReadUInt32BigEndian(mask.AsSpan(word));
            uint value = BinaryPrimitives.ReadUInt32BigEndian(address.AsSpan(word)) & bits;
            all = Guard(all, bits == 0 ? null : Condition.Field(offset + word, 4, value, mask: bits));
        }

        return all ?? Condition.Always();
    }

    private static Condition EtherHost(FilterToken token, string? direction)
    {
        byte[] octets = [.. token.Text.Split(':').Select(octet => byte.Parse(octet, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))];
        return InDirection(direction, isSource => EtherAddress(octets, isSource ? 6 : 0));
    }

    private static Condition EtherAddress(byte[] octets, int offset) => Condition.Both(
        Condition.Field(offset + 2, 4, BinaryPrimitives.ReadUInt32BigEndian(octets.AsSpan(2))),
        Condition.Field(offset, 2, BinaryPrimitives.ReadUInt16BigEndian(octets)));
}
