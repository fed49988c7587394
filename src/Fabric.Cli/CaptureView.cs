using System.Globalization;
using System.Text.Json;
using Fabric.Link;
using Fabric.Link.Capture;
using Fabric.Link.Capture.Decoding;

namespace Fabric.Cli;

/// <summary>How a captured frame is printed.</summary>
/// <param name="terminal">Colours only where a person watches.</param>
/// <param name="withAddresses">Ethernet addresses in every line.</param>
/// <param name="isJson">An object per line.</param>
internal sealed class CaptureView(Terminal terminal, bool withAddresses, bool isJson)
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    public string Describe(in CapturedFrame frame)
    {
        string summary = FrameDecoder.Describe(frame.Bytes, frame.Length, withAddresses);
        string? direction = frame.Direction switch { FrameDirection.Received => "in", FrameDirection.Transmitted => "out", _ => null };
        if (isJson)
        {
            CapturedLine item = new(TimeOf(frame.Stamp, "yyyy-MM-ddTHH:mm:ss", TimeZoneInfo.Utc) + "Z", frame.Port, direction, frame.Length, summary, frame.Comment);
            return JsonSerializer.Serialize(item, CliJson.Line.CapturedLine);
        }

        string note = frame.Comment is null ? "" : $" ({Printable(frame.Comment)})";
        if (note.Length > 0 && terminal.IsInteractive)
            note = $"\u001b[31m{note}\u001b[0m";
        return $"{TimeOf(frame.Stamp, "HH:mm:ss", TimeZoneInfo.Local)} {Printable(frame.Port)} {direction ?? "-",-3} {summary}{note}";
    }

    /// <summary>Names and comments come out of a file, which anybody may have written.</summary>
    private static string Printable(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? '.' : letter));

    private static string TimeOf(long stamp, string format, TimeZoneInfo zone)
    {
        // Stamps may say anything; those out of a calendar's range are printed as the number they are.
        (long seconds, long nanoseconds) = Math.DivRem(stamp, NanosecondsPerSecond);
        return stamp < 0
            ? stamp.ToString(CultureInfo.InvariantCulture)
            : TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeSeconds(seconds), zone).ToString(format, CultureInfo.InvariantCulture) + $".{nanoseconds:d9}";
    }
}
