namespace Fabric.Daemon.Control;

/// <summary>What the way to one far end of an overlay carries.</summary>
/// <param name="Address">The far end.</param>
/// <param name="Verdict">Whether it is enough.</param>
/// <param name="PathMtu">Longest IP packet in bytes that gets there: measured, or what the host knows where nothing answered; 0 for none.</param>
/// <param name="Needs">Longest IP packet in bytes that the overlay sends there.</param>
/// <param name="IsMeasured">Whether echoes of that length came back.</param>
/// <param name="Text">In words, with what to change.</param>
public sealed record OverlayCheckEnd(
    string Address,
    OverlayCheckVerdict Verdict,
    int PathMtu,
    int Needs,
    bool IsMeasured,
    string Text);
