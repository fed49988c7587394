using Fabric.Daemon.Control;

namespace Fabric.Cli;

/// <summary>A ping in words.</summary>
internal static class PingText
{
    public static string Describe(PingReportEcho echo) => echo.Outcome switch
    {
        "answered" => $"{echo.From}: seq={echo.Sequence} ttl={echo.HopLimit} time={echo.Ms:0.000} ms",
        "timedOut" => $"seq={echo.Sequence}: no answer",
        "notSent" => $"seq={echo.Sequence}: no way to send it",
        "tooBig" => $"{echo.From}: seq={echo.Sequence}: too big for a link on the way",
        "timeExceeded" => $"{echo.From}: seq={echo.Sequence}: time exceeded",
        "corrupted" => $"{echo.From}: seq={echo.Sequence}: came back changed",
        _ => $"{echo.From}: seq={echo.Sequence}: unreachable",
    };

    public static string Summarize(PingReport report)
    {
        string duplicates = report.Duplicates == 0 ? "" : $", {report.Duplicates} duplicates";
        string times = report.Received == 0 ? "" : $", round trip min/avg/max {report.MinMs:0.000}/{report.AvgMs:0.000}/{report.MaxMs:0.000} ms";
        return $"{report.Sent} echoes, {report.Received} came back{duplicates}{times}";
    }
}
