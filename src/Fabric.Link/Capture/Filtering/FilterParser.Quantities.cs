namespace Fabric.Link.Capture.Filtering;

/// <content>Numbers: bytes of headers, constants, arithmetic.</content>
internal sealed partial class FilterParser
{
    /// <summary>Signs by how tightly they bind, the loosest first.</summary>
    private static readonly string[][] Levels = [["|", "&", "^"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"]];

    private Guarded ParseQuantity(int level)
    {
        if (level == Levels.Length)
            return ParseFactor();
        Guarded left = ParseQuantity(level + 1);
        while (Current.Kind == FilterTokenKind.Sign && Levels[level].Contains(Current.Text))
        {
            FilterToken sign = Take();
            FilterToken at = Current;
            Guarded right = ParseQuantity(level + 1);
            if (sign.Text is "/" or "%" && right.Constant == 0)
                throw Wrong(at, "division by zero");
            left = Combine(sign.Text[0], left, right);
        }

        return left;
    }

    private Guarded ParseFactor()
    {
        if (++_nesting > MaxNesting)
            throw Wrong($"more than {MaxNesting} parentheses and signs inside each other");
        try
        {
            FilterToken token = Take();
            if (token.Kind == FilterTokenKind.Number)
                return Number(token.Value);
            if (token.IsSign("-"))
                return Combine('-', Number(0), ParseFactor());
            if (token.IsSign("("))
            {
                Guarded inner = ParseQuantity(0);
                Expect(")");
                return inner;
            }

            if (token.Kind != FilterTokenKind.Word)
                throw Wrong(token, token.Kind == FilterTokenKind.End ? "a number is missing" : $"expected a number, not '{token.Text}'");
            if (token.Text is "len" or "length")
                return new Guarded(null, Quantity.Length(), null);
            if (FilterVocabulary.Constants.TryGetValue(token.Text, out uint constant))
                return Number(constant);
            return ParseBytes(token);
        }
        finally
        {
            _nesting--;
        }
    }

    private static Guarded Number(uint value) => new(null, Quantity.Literal(value), value);

    /// <summary>What must hold for the left number must hold for the result; what the right one asks is not asked, because tcpdump does
    /// not ask it either: <c>1 + tcp[0]</c> is computed from any frame.</summary>
    private static Guarded Combine(char sign, Guarded left, Guarded right)
    {
        Quantity combined = Quantity.Combine(sign, left.Quantity, right.Quantity);
        if (left.Constant is null || right.Constant is null)
            return new Guarded(left.Condition, combined, null);
        FilterInput nothing = default;
        return Number(combined.Value(ref nothing));
    }

    /// <summary>A protocol, and in brackets where in its header: <c>ip[2:2]</c>.</summary>
    private Guarded ParseBytes(FilterToken protocol)
    {
        if (!Current.IsSign("["))
            throw Wrong(protocol, $"expected a number, or bytes such as {(FilterVocabulary.Protocols.Contains(protocol.Text) ? protocol.Text : "tcp")}[0:2]");
        Expect("[");
        Guarded index = ParseQuantity(0);
        int size = 1;
        if (TryTake(":"))
        {
            FilterToken width = Take();
            if (width.Kind != FilterTokenKind.Number || width.Value is not (1 or 2 or 4))
                throw Wrong(width, "the number of bytes is 1, 2 or 4");
            size = (int)width.Value;
        }

        Expect("]");
        return BytesOf(protocol, index, size);
    }

    private Guarded BytesOf(FilterToken protocol, Guarded index, int size)
    {
        switch (protocol.Text)
        {
            case "ether" or "link":
                return new Guarded(index.Condition, BytesAt(0, index, size), null);
            case "ip" or "ip6" or "arp" or "rarp":
                return new Guarded(Guard(index.Condition, ProtocolAlone(protocol)), BytesAt(Network, index, size), null);
            case "icmp6":
                Condition icmp6 = Condition.Both(EtherTypeIs(0x86DD), Condition.Field(Network + 6, 1, 58));
                return new Guarded(Guard(index.Condition, icmp6), BytesAt(Network + 40, index, size), null);
            case "tcp" or "udp" or "icmp" or "igmp" or "sctp" or "pim" or "vrrp" or "carp" or "igrp":
                Condition first = Condition.Both(ProtocolAlone(protocol), IsNoLaterFragment());
                Condition guard = Condition.Both(EtherTypeIs(0x0800), Guard(index.Condition, first)!);
                return new Guarded(guard, Quantity.TransportBytes(Network, index.Quantity, size), null);
            default:
                throw Wrong(protocol, $"bytes of '{protocol.Text}' cannot be had; there are ether, ip, ip6, arp, tcp, udp, icmp, icmp6, igmp");
        }
    }

    /// <summary>A constant may be negative and mean what stands before the header.</summary>
    private static Quantity BytesAt(int start, Guarded index, int size) => index.Constant is { } constant
        ? Quantity.Bytes(start + (int)constant, Quantity.Literal(0), size)
        : Quantity.Bytes(start, index.Quantity, size);

    private static Condition? Guard(Condition? left, Condition? right) =>
        left is null ? right : right is null ? left : Condition.Both(left, right);

    /// <summary>A number, and what must hold for the frame to have it.</summary>
    private readonly record struct Guarded(Condition? Condition, Quantity Quantity, uint? Constant);
}
