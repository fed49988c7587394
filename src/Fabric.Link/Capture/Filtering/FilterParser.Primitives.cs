namespace Fabric.Link.Capture.Filtering;

/// <content>Primitives: what stands between "and" and "or".</content>
internal sealed partial class FilterParser
{
    private const uint BroadcastHigh = 0xFFFF_FFFF;
    private const uint LargestLength = 1500;
    private const int TypeOffset = 12;

    /// <summary>VLAN tags passed so far, counted from the left of the expression.</summary>
    private int _tags;

    private int LinkType => TypeOffset + (4 * _tags);

    private int Network => LinkType + 2;

    private Condition ParsePrimitive()
    {
        FilterToken token = Current;
        if (token.IsValue || (token.Kind == FilterTokenKind.Word && _last?.Type == "port" && FilterVocabulary.Services.ContainsKey(token.Text)))
            return _last is { } last ? ParseValue(last) : throw Wrong($"write what {token.Text} is: host, net, port, …");
        if (token.Kind != FilterTokenKind.Word)
            throw Wrong(token.Kind == FilterTokenKind.End ? "something is missing at the end" : $"'{token.Text}' cannot stand here");
        if (TryParseKeyword() is { } condition)
            return condition;
        return ParseQualified();
    }

    private Condition? TryParseKeyword()
    {
        FilterToken token = Take();
        switch (token.Text)
        {
            case "broadcast":
                return IsBroadcast();
            case "multicast":
                return Condition.Field(0, 1, 0, Relation.NotEqual, mask: 1);
            case "less":
                return Condition.Compare(Quantity.Length(), Relation.LessOrEqual, Quantity.Literal(TakeNumber("a length")));
            case "greater":
                return Condition.Compare(Quantity.Length(), Relation.GreaterOrEqual, Quantity.Literal(TakeNumber("a length")));
            case "inbound":
                return Condition.Going(FrameDirection.Received);
            case "outbound":
                return Condition.Going(FrameDirection.Transmitted);
            case "vlan":
                return ParseVlan();
            case "llc":
                // Novell's raw 802.3 has FF-FF where LLC has its service access points.
                return Condition.Both(HasLength(), Condition.Field(Network, 2, 0xFFFF, Relation.NotEqual));
            default:
                _next--;
                return null;
        }
    }

    private Condition ParseVlan()
    {
        Condition tagged = Condition.Either(EtherTypeIs(0x8100), Condition.Either(EtherTypeIs(0x88A8), EtherTypeIs(0x9100)));
        if (Current.Kind == FilterTokenKind.Number)
        {
            FilterToken id = Take();
            if (id.Value > 0xFFF)
                throw Wrong(id, $"{id.Text} is no VLAN; they go from 0 to 4095");
            tagged = Condition.Both(tagged, Condition.Field(Network, 2, id.Value, mask: 0xFFF));
        }

        _tags++;
        return tagged;
    }

    private Condition ParseQualified()
    {
        FilterToken begin = Current;
        FilterToken? protocol = FilterVocabulary.Protocols.Contains(begin.Text) ? Take() : null;
        if (protocol is { } cast && (Current.IsWord("broadcast") || Current.IsWord("multicast")))
            return Cast(cast, Take());
        string? direction = ParseDirection();
        string? type = Current.Kind == FilterTokenKind.Word && Current.Text is "host" or "net" or "port" or "portrange" or "proto" ? Take().Text : null;
        if (type is null && direction is null)
            return protocol is { } alone ? ProtocolAlone(alone) : throw UnknownWord(begin);
        Qualifiers qualifiers = new(protocol?.Text is "link" ? "ether" : protocol?.Text, direction, type ?? "host");
        _last = qualifiers;
        return ParseValues(qualifiers);
    }

    private string? ParseDirection()
    {
        if (!Current.IsWord("src") && !Current.IsWord("dst"))
            return null;
        string first = Take().Text;
        string other = first == "src" ? "dst" : "src";
        if ((Current.IsSign("or") || Current.IsSign("and")) && _tokens[_next + 1].IsWord(other))
        {
            string sign = Take().Text;
            Take();
            return sign;
        }

        return first;
    }

    private Condition ParseValues(Qualifiers qualifiers)
    {
        if (!TryTake("("))
            return ParseValue(qualifiers);
        Condition left = ParseOneOfValues(qualifiers);
        while (Current.IsSign("and") || Current.IsSign("or"))
        {
            bool both = Take().Text == "and";
            Condition right = ParseOneOfValues(qualifiers);
            left = both ? Condition.Both(left, right) : Condition.Either(left, right);
        }

        Expect(")");
        return left;
    }

    private Condition ParseOneOfValues(Qualifiers qualifiers) =>
        TryTake("!") ? Condition.Not(ParseValue(qualifiers)) : ParseValue(qualifiers);

    private Condition ParseValue(Qualifiers qualifiers)
    {
        if (Current.Kind == FilterTokenKind.End)
            throw Wrong($"{(qualifiers.Type == "host" ? "an address" : $"the {qualifiers.Type}")} is missing at the end");
        return qualifiers.Type switch
        {
            "port" => ParsePort(qualifiers),
            "portrange" => ParsePortRange(qualifiers),
            "proto" => ParseProtocolNumber(qualifiers),
            _ => ParseAddress(qualifiers),
        };
    }

    private Condition ProtocolAlone(FilterToken protocol) => protocol.Text switch
    {
        "ip" => EtherTypeIs(0x0800),
        "ip6" => EtherTypeIs(0x86DD),
        "arp" => EtherTypeIs(0x0806),
        "rarp" => EtherTypeIs(0x8035),
        "stp" => EtherTypeIs(0x42),
        "iso" => EtherTypeIs(0xFE),
        "icmp" or "igmp" or "igrp" or "vrrp" or "carp" => IpProtocolIs(FilterVocabulary.IpProtocols[protocol.Text]),
        "icmp6" => Ipv6ProtocolIs(58),
        "tcp" or "udp" or "sctp" or "pim" or "ah" or "esp" => EitherProtocolIs(FilterVocabulary.IpProtocols[protocol.Text]),
        _ => throw Wrong(protocol, $"'{protocol.Text}' alone says nothing; write {protocol.Text} host, {protocol.Text} proto, …"),
    };

    private Condition Cast(FilterToken protocol, FilterToken cast) => (protocol.Text, cast.Text) switch
    {
        ("ether" or "link", "broadcast") => IsBroadcast(),
        ("ether" or "link", "multicast") => Condition.Field(0, 1, 0, Relation.NotEqual, mask: 1),
        ("ip", "multicast") => Condition.Both(EtherTypeIs(0x0800), Condition.Field(Network + 16, 1, 224, Relation.GreaterOrEqual)),
        ("ip6", "multicast") => Condition.Both(EtherTypeIs(0x86DD), Condition.Field(Network + 24, 1, 255)),
        ("ip", "broadcast") => throw Wrong(cast, "which address is the broadcast of IP depends on its prefix; write dst host and the address"),
        _ => throw Wrong(cast, $"{protocol.Text} has no {cast.Text}"),
    };

    /// <summary>A type, or up to 1500 the service access point of an LLC frame: the destination's, and for three protocols both.</summary>
    private Condition EtherTypeIs(uint type) => type switch
    {
        > LargestLength => Condition.Field(LinkType, 2, type),
        0xFE or 0xF0 or 0x06 => Condition.Both(HasLength(), Condition.Field(Network, 2, (type << 8) | type)),
        _ => Condition.Both(HasLength(), Condition.Field(Network, 1, type)),
    };

    private Condition HasLength() => Condition.Field(LinkType, 2, LargestLength, Relation.LessOrEqual);

    private Condition IpProtocolIs(uint protocol) => Condition.Both(EtherTypeIs(0x0800), Condition.Field(Network + 9, 1, protocol));

    /// <summary>The next header, or the one behind a fragment header.</summary>
    private Condition Ipv6ProtocolIs(uint protocol)
    {
        Condition behindFragment = Condition.Both(Condition.Field(Network + 6, 1, 44), Condition.Field(Network + 40, 1, protocol));
        return Condition.Both(EtherTypeIs(0x86DD), Condition.Either(Condition.Field(Network + 6, 1, protocol), behindFragment));
    }

    private Condition EitherProtocolIs(uint protocol) => Condition.Either(IpProtocolIs(protocol), Ipv6ProtocolIs(protocol));

    private Condition IsNoLaterFragment() => Condition.Field(Network + 6, 2, 0, mask: 0x1FFF);

    private static Condition IsBroadcast() =>
        Condition.Both(Condition.Field(2, 4, BroadcastHigh), Condition.Field(0, 2, BroadcastHigh >> 16));

    private static FilterSyntaxException UnknownWord(FilterToken token)
    {
        string? near = FilterVocabulary.Primitives.FirstOrDefault(word => word.StartsWith(token.Text, StringComparison.Ordinal) || token.Text.StartsWith(word, StringComparison.Ordinal));
        return Wrong(token, $"unknown word '{token.Text}'{(near is null ? "" : $"; did you mean {near}?")}");
    }

    private uint TakeNumber(string what)
    {
        FilterToken token = Take();
        return token.Kind == FilterTokenKind.Number ? token.Value : throw Wrong(token, $"expected {what}");
    }
}
