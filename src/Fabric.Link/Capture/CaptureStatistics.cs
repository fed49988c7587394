namespace Fabric.Link.Capture;

/// <summary>What a capture has seen of a port.</summary>
/// <param name="Start">When it began, in nanoseconds since 1970.</param>
/// <param name="End">Up to when the numbers count.</param>
/// <param name="Seen">Frames that passed or were dropped.</param>
/// <param name="Chosen">Those that the filter chose.</param>
/// <param name="Lost">Those of the chosen that the capture could not keep up with.</param>
public readonly record struct CaptureStatistics(long Start, long End, long Seen, long Chosen, long Lost);
