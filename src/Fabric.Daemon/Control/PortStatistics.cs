namespace Fabric.Daemon.Control;

/// <summary>What a port of a switch has carried. Directions are the switch's: received is what the attached end sent.</summary>
/// <param name="Port">Name of the port.</param>
/// <param name="Up">True while frames can pass.</param>
/// <param name="State">What the switch does with its frames: <c>forwarding</c>, <c>learning</c>, <c>discarding</c> or, after a violation, <c>shut</c>.</param>
/// <param name="ReceivedFrames">Frames from the attached end.</param>
/// <param name="ReceivedBytes">Their bytes.</param>
/// <param name="TransmittedFrames">Frames given to the attached end.</param>
/// <param name="TransmittedBytes">Their bytes.</param>
/// <param name="ReceiveDrops">Frames from the attached end that the port dropped, by reason; reasons that never happened are left out.</param>
/// <param name="TransmitDrops">Frames for the attached end that the port dropped, by reason.</param>
public sealed record PortStatistics(
    string Port,
    bool Up,
    string State,
    long ReceivedFrames,
    long ReceivedBytes,
    long TransmittedFrames,
    long TransmittedBytes,
    IReadOnlyDictionary<string, long> ReceiveDrops,
    IReadOnlyDictionary<string, long> TransmitDrops);
