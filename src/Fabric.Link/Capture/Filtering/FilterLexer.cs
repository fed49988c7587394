using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Fabric.Link.Capture.Filtering;

/// <summary>Cuts a filter expression into words. The longest word counts, so <c>21-23</c> is a range and <c>tcp-syn</c> a name.</summary>
internal static class FilterLexer
{
    private static readonly string[] Signs = ["<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "(", ")", "[", "]", ":", "/", "!", "<", ">", "=", "&", "|", "+", "-", "*", "%", "^"];

    internal static List<FilterToken> Cut(string expression)
    {
        List<FilterToken> tokens = [];
        for (int position = 0; position < expression.Length;)
        {
            if (char.IsWhiteSpace(expression[position]))
            {
                position++;
                continue;
            }

            FilterToken token = Next(expression, position);
            tokens.Add(token);
            position += token.Length;
        }

        tokens.Add(new FilterToken(FilterTokenKind.End, "", expression.Length, 0));
        return tokens;
    }

    private static FilterToken Next(string expression, int position)
    {
        ReadOnlySpan<char> rest = expression.AsSpan(position);
        if (TryMac(rest, out int length))
            return new FilterToken(FilterTokenKind.Mac, rest[..length].ToString().Replace('.', ':').Replace('-', ':'), position, length);
        if (TryIpv6(rest, out length))
            return new FilterToken(FilterTokenKind.Ipv6, rest[..length].ToString(), position, length);
        if (rest[0] == '\\' && rest.Length > 1 && char.IsAsciiLetterOrDigit(rest[1]))
        {
            length = RunLength(rest[1..]);
            return new FilterToken(FilterTokenKind.Word, rest.Slice(1, length).ToString(), position, length + 1);
        }

        if (char.IsAsciiLetterOrDigit(rest[0]))
            return Classify(rest[..RunLength(rest)].ToString(), position);
        foreach (string sign in Signs)
        {
            if (rest.StartsWith(sign, StringComparison.Ordinal))
                return new FilterToken(FilterTokenKind.Sign, sign switch { "==" => "=", "&&" => "and", "||" => "or", _ => sign }, position, sign.Length);
        }

        throw new FilterSyntaxException(position, 1, $"'{rest[0]}' means nothing in a filter");
    }

    private static FilterToken Classify(string text, int position)
    {
        if (TryNumber(text, out uint number))
            return new FilterToken(FilterTokenKind.Number, text, position, text.Length, number);
        string[] parts = text.Split('.');
        if (parts.Length is >= 2 and <= 4 && parts.All(part => part.Length > 0 && part.All(char.IsAsciiDigit)))
            return new FilterToken(FilterTokenKind.Dotted, text, position, text.Length);
        if (text.Split('-') is [{ Length: > 0 } first, { Length: > 0 } last] && first.All(char.IsAsciiDigit) && last.All(char.IsAsciiDigit))
            return new FilterToken(FilterTokenKind.Range, text, position, text.Length);
        if (text.All(char.IsAsciiDigit) || text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            throw new FilterSyntaxException(position, text.Length, $"{text} is no number of 32 bits");
        return text switch
        {
            "and" or "or" => new FilterToken(FilterTokenKind.Sign, text, position, text.Length),
            "not" => new FilterToken(FilterTokenKind.Sign, "!", position, text.Length),
            _ => new FilterToken(FilterTokenKind.Word, text, position, text.Length),
        };
    }

    /// <summary>Decimal, 0x hexadecimal, or octal when it begins with 0.</summary>
    private static bool TryNumber(string text, out uint number)
    {
        number = 0;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        if (!text.All(char.IsAsciiDigit))
            return false;
        if (text[0] != '0')
            return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
        ulong octal = 0;
        foreach (char digit in text)
        {
            octal = (octal * 8) + (uint)(digit - '0');
            if (digit > '7' || octal > uint.MaxValue)
                return false;
        }

        number = (uint)octal;
        return true;
    }

    private static int RunLength(ReadOnlySpan<char> text)
    {
        int length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] is '-' or '_' or '.'))
            length++;
        while (text[length - 1] is '-' or '_')
            length--;
        return length;
    }

    private static bool TryMac(ReadOnlySpan<char> text, out int length)
    {
        length = 0;
        for (int octet = 0; octet < 6; octet++)
        {
            if (octet > 0)
            {
                if (length == text.Length || text[length] is not (':' or '-' or '.'))
                    return false;
                length++;
            }

            int digits = 0;
            while (digits < 2 && length < text.Length && char.IsAsciiHexDigit(text[length]))
            {
                digits++;
                length++;
            }

            if (digits == 0)
                return false;
        }

        return length == text.Length || !(char.IsAsciiLetterOrDigit(text[length]) || text[length] is ':' or '-' or '.');
    }

    private static bool TryIpv6(ReadOnlySpan<char> text, out int length)
    {
        length = 0;
        int colons = 0;
        while (length < text.Length && (char.IsAsciiHexDigit(text[length]) || text[length] is ':' or '.'))
            colons += text[length++] == ':' ? 1 : 0;
        return colons >= 2 && IPAddress.TryParse(text[..length], out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6;
    }
}
