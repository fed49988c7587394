using System.Diagnostics.CodeAnalysis;

namespace Fabric.Link.Capture.Filtering;

/// <summary>Chooses frames by an expression in the language of tcpdump (pcap-filter(7)), such as <c>tcp port 80 and not host 10.0.0.1</c>.</summary>
/// <remarks>
/// <para>Chooses what tcpdump chooses from the same file. Left out: what is not on an Ethernet (wlan, ppp, mpls, …), names that would
/// have to be looked up in the DNS, <c>protochain</c> and <c>gateway</c>. Added: <c>inbound</c> and <c>outbound</c>.</para>
/// <para>Immutable; any thread. <see cref="Matches"/> allocates nothing.</para>
/// </remarks>
public sealed class FrameFilter
{
    /// <summary>Longest expression in characters.</summary>
    public const int MaxLength = 4096;

    private readonly Condition _condition;

    private FrameFilter(string expression, Condition condition)
    {
        Expression = expression;
        _condition = condition;
    }

    /// <summary>The expression as written.</summary>
    public string Expression { get; }

    /// <summary>Reads an expression.</summary>
    /// <param name="expression">Empty: every frame.</param>
    /// <exception cref="LinkException">It is wrong; the message tells what, and in which column.</exception>
    public static FrameFilter Parse(string expression) =>
        TryParse(expression, out FrameFilter? filter, out FilterError? error) ? filter : throw new LinkException(error.Describe(expression));

    /// <summary>Reads an expression.</summary>
    /// <param name="expression">Empty: every frame.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="error">What is wrong.</param>
    public static bool TryParse(string expression, [NotNullWhen(true)] out FrameFilter? filter, [NotNullWhen(false)] out FilterError? error)
    {
        filter = null;
        error = expression.Length > MaxLength ? new FilterError(MaxLength, 1, $"an expression has at most {MaxLength} characters") : null;
        if (error is not null)
            return false;
        try
        {
            filter = new FrameFilter(expression, FilterParser.Parse(expression));
            return true;
        }
        catch (FilterSyntaxException e)
        {
            error = e.Error;
            return false;
        }
    }

    /// <summary>Tells whether a frame is chosen.</summary>
    /// <param name="frame">The frame without FCS, or as much of its beginning as there is.</param>
    /// <param name="length">Length of the whole frame in bytes.</param>
    /// <param name="direction">Which way it passes the port.</param>
    public bool Matches(ReadOnlySpan<byte> frame, int length, FrameDirection direction = FrameDirection.Received)
    {
        FilterInput input = new(frame, length, direction);
        return _condition.Holds(ref input) && !input.HasFailed;
    }
}
