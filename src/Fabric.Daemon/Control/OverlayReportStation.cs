namespace Fabric.Daemon.Control;

/// <summary>A station behind another end of an overlay.</summary>
/// <param name="Mac">The station.</param>
/// <param name="Remote">Address of the end.</param>
/// <param name="IsStatic">Named in the file, not learned.</param>
/// <param name="SecondsAge">Since the last frame from it; 0 for a static one.</param>
public sealed record OverlayReportStation(string Mac, string Remote, bool IsStatic, long SecondsAge);
