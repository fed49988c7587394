namespace Fabric.Link.Capture.Filtering;

// The grammar, as pcap-filter(7) describes it
//
//   expression = term { ("and" | "or") term }            both bind alike and from the left
//   term       = "not" term | "(" expression ")" | relation | primitive | value
//   relation   = quantity ("=" | "!=" | "<" | "<=" | ">" | ">=") quantity
//   primitive  = [protocol] [direction] [type] values | protocol | "vlan" [number] | "less" number | …
//   values     = value | "(" value { ("and" | "or") value } ")"
//
// A value alone takes over the words that stood before the last one: "port 80 or 443".
//
// Two things surprise, and hold here because an engineer relies on them elsewhere. "vlan" moves the place where all that is written
// to its right looks for the network header by four bytes, whether or not it stands behind an "and". And a look beyond the end of the
// frame decides against the frame, even under a "not" (see FilterInput). Of a frame that is cut inside a header tcpdump may judge otherwise where its optimizer has
// left out a look that decides nothing.

/// <summary>Makes conditions out of an expression.</summary>
internal sealed partial class FilterParser
{
    private const int MaxNesting = 64;
    private readonly List<FilterToken> _tokens;
    private int _next;
    private int _nesting;
    private Qualifiers? _last;

    private FilterParser(string expression) => _tokens = FilterLexer.Cut(expression);

    private FilterToken Current => _tokens[_next];

    /// <summary>Reads a whole expression.</summary>
    /// <param name="expression">Empty: everything.</param>
    /// <exception cref="FilterSyntaxException">It is wrong.</exception>
    internal static Condition Parse(string expression)
    {
        FilterParser parser = new(expression);
        if (parser.Current.Kind == FilterTokenKind.End)
            return Condition.Always();
        Condition whole = parser.ParseExpression();
        if (parser.Current.Kind != FilterTokenKind.End)
            throw parser.Wrong(parser.Current.IsSign(")") ? "this parenthesis closes nothing" : $"expected and, or, or the end before '{parser.Current.Text}'");
        return whole;
    }

    private Condition ParseExpression()
    {
        Condition left = ParseTerm();
        while (Current.IsSign("and") || Current.IsSign("or"))
        {
            bool both = Take().Text == "and";
            Condition right = ParseTerm();
            left = both ? Condition.Both(left, right) : Condition.Either(left, right);
        }

        return left;
    }

    private Condition ParseTerm()
    {
        if (++_nesting > MaxNesting)
            throw Wrong($"more than {MaxNesting} parentheses and nots inside each other");
        try
        {
            if (TryParseRelation() is { } relation)
                return relation;
            if (TryTake("!"))
                return Condition.Not(ParseTerm());
            if (!TryTake("("))
                return ParsePrimitive();
            Condition inner = ParseExpression();
            Expect(")");
            return inner;
        }
        finally
        {
            _nesting--;
        }
    }

    /// <summary>A comparison of numbers; null, and nothing taken, when there is none here.</summary>
    private Condition? TryParseRelation()
    {
        if (!StartsRelation())
            return null;
        Guarded left = ParseQuantity(0);
        FilterToken sign = Take();
        Relation relation = sign.Text switch
        {
            "=" => Relation.Equal,
            "!=" => Relation.NotEqual,
            "<" => Relation.Less,
            "<=" => Relation.LessOrEqual,
            ">" => Relation.Greater,
            ">=" => Relation.GreaterOrEqual,
            _ => throw Wrong(sign, "expected a comparison (=, !=, <, <=, >, >=)"),
        };
        Guarded right = ParseQuantity(0);
        Condition compare = Condition.Compare(left.Quantity, relation, right.Quantity);
        return Guard(Guard(left.Condition, right.Condition), compare)!;
    }

    /// <summary>Looks ahead: a parenthesis may open an expression or a number.</summary>
    private bool StartsRelation()
    {
        int ahead = _next;
        bool inside = false;
        while (_tokens[ahead].IsSign("("))
        {
            ahead++;
            inside = true;
        }

        FilterToken first = _tokens[ahead];
        FilterToken second = first.Kind == FilterTokenKind.End ? first : _tokens[ahead + 1];
        if (first.IsSign("-") || first.IsWord("len") || first.IsWord("length"))
            return !inside || EndsInSign();
        bool starts = first.Kind switch
        {
            FilterTokenKind.Number => second.Kind == FilterTokenKind.Sign && second.Text is not (")" or "and" or "or" or "!" or "(" or "/" or "[" or "]" or ":"),
            FilterTokenKind.Word => second.IsSign("[") || FilterVocabulary.Constants.ContainsKey(first.Text),
            _ => false,
        };
        return (starts || (first.Kind == FilterTokenKind.Number && inside)) && (!inside || EndsInSign());
    }

    /// <summary>Tells whether an arithmetic or comparison sign follows the parenthesis that opens here.</summary>
    private bool EndsInSign()
    {
        int depth = 0;
        for (int i = _next; _tokens[i].Kind != FilterTokenKind.End; i++)
        {
            depth += _tokens[i].IsSign("(") ? 1 : _tokens[i].IsSign(")") ? -1 : 0;
            if (depth == 0)
                return _tokens[i + 1].Kind == FilterTokenKind.Sign && _tokens[i + 1].Text is not ("and" or "or" or ")" or "!" or "(");
        }

        return false;
    }

    private FilterToken Take() => Current.Kind == FilterTokenKind.End ? Current : _tokens[_next++];

    private bool TryTake(string sign)
    {
        if (!Current.IsSign(sign))
            return false;
        _next++;
        return true;
    }

    private bool TryTakeWord(string word)
    {
        if (!Current.IsWord(word))
            return false;
        _next++;
        return true;
    }

    private void Expect(string sign)
    {
        if (!TryTake(sign))
            throw Wrong(Current.Kind == FilterTokenKind.End ? $"'{sign}' is missing" : $"expected '{sign}' before '{Current.Text}'");
    }

    private FilterSyntaxException Wrong(string message) => Wrong(Current, message);

    private static FilterSyntaxException Wrong(FilterToken at, string message) => new(at.Position, at.Length, message);
}
