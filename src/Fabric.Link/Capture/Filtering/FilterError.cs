namespace Fabric.Link.Capture.Filtering;

/// <summary>What is wrong with a filter expression, and where.</summary>
/// <param name="Position">Index of the first character that is wrong, from 0; the expression's length when something is missing at its end.</param>
/// <param name="Length">Number of characters that are wrong, at least 1.</param>
/// <param name="Message">What is wrong and what to write instead, without the place.</param>
public sealed record FilterError(int Position, int Length, string Message)
{
    /// <summary>One line that tells what is wrong with an expression and where.</summary>
    /// <param name="expression">The expression.</param>
    public string Describe(string expression) => $"filter '{expression}', column {Position + 1}: {Message}";
}
