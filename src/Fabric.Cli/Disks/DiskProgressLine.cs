using System.Diagnostics;
using System.Globalization;
using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary>Shows how far a command is: in percent on the output for <c>-p</c>, as qemu-img does; otherwise, where a person watches, as a bar
/// with bytes, rate and time left on the error output.</summary>
internal sealed class DiskProgressLine : IProgress<DiskProgress>
{
    private const int Width = 30;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly DiskSession _session;
    private readonly bool _percent;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Lock _gate = new();
    private long _shown;
    private bool _any;
    private double _lastPercent;

    private DiskProgressLine(DiskSession session, bool percent)
    {
        _session = session;
        _percent = percent;
    }

    /// <summary>The progress of a command; null when it is not to be shown.</summary>
    /// <param name="session">The command.</param>
    /// <param name="percent"><c>-p</c> was given.</param>
    public static DiskProgressLine? For(DiskSession session, bool percent)
    {
        if (session.IsQuiet || !(percent || session.Terminal.IsInteractive))
            return null;
        DiskProgressLine line = new(session, percent);
        if (percent)
            line.Show(0);
        return line;
    }

    /// <inheritdoc/>
    public void Report(DiskProgress value)
    {
        lock (_gate)
        {
            if (_percent)
            {
                ReportPercent(value);
                return;
            }

            long now = Stopwatch.GetTimestamp();
            if (_any && Stopwatch.GetElapsedTime(_shown, now) < Interval)
                return;
            (_any, _shown) = (true, now);
            ShowBar(value, Stopwatch.GetElapsedTime(_start, now));
        }
    }

    private void ReportPercent(DiskProgress value)
    {
        double percent = value.Total == 0 ? 100 : 100.0 * value.Done / value.Total;
        if (value.Done == 0 || percent <= _lastPercent + 1)
            return;
        _lastPercent = percent;
        Show(percent);
    }

    /// <summary>The work is over.</summary>
    /// <param name="done">It was finished.</param>
    public void End(bool done)
    {
        lock (_gate)
        {
            if (_percent)
            {
                if (done)
                    Show(100);
                _session.Terminal.Out.WriteLine();
            }
            else if (_any)
            {
                _session.Terminal.Error.Write($"\r{new string(' ', 79)}\r");
            }
        }
    }

    private void Show(double percent)
    {
        _session.FlushOutput();
        _session.Terminal.Out.Write(string.Create(CultureInfo.InvariantCulture, $"    ({percent:F2}/100%)\r"));
    }

    private void ShowBar(DiskProgress value, TimeSpan elapsed)
    {
        double part = value.Total == 0 ? 1 : (double)value.Done / value.Total;
        int full = (int)(part * Width);
        double rate = value.Done / Math.Max(0.001, elapsed.TotalSeconds);
        string left = rate < 1 ? "--:--" : TimeSpan.FromSeconds(Math.Min(359_999, (value.Total - value.Done) / rate)).ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
        string line = $"[{new string('#', full)}{new string('.', Width - full)}] {DiskSize.Format(value.Done)} of {DiskSize.Format(value.Total)}, {DiskSize.Format((long)rate)}/s, {left} left";
        _session.Terminal.Error.Write($"\r{line.PadRight(79)}");
    }
}
