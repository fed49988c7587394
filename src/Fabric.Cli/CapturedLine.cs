namespace Fabric.Cli;

/// <summary>A frame as <c>fabric capture --json</c> prints it.</summary>
/// <param name="Time">When, in UTC, to the nanosecond.</param>
/// <param name="Port">The port.</param>
/// <param name="Direction"><c>in</c> for what the attached end sent, <c>out</c> for what it got; null when the file does not say.</param>
/// <param name="Length">Length of the frame in bytes.</param>
/// <param name="Summary">What it is.</param>
/// <param name="Comment">Why it was dropped, or another comment; null without.</param>
internal sealed record CapturedLine(string Time, string Port, string? Direction, int Length, string Summary, string? Comment);
