using Fabric.Link;

namespace Fabric.Cli.Serving;

/// <summary>What went through a port; directions are the switch's.</summary>
/// <param name="Name">Name of the port.</param>
/// <param name="ReceivedFrames">Frames it took in.</param>
/// <param name="ReceivedBytes">Their bytes.</param>
/// <param name="TransmittedFrames">Frames it gave out.</param>
/// <param name="TransmittedBytes">Their bytes.</param>
/// <param name="ReceiveDrops">Frames dropped on the way in, by reason; reasons that did not happen are left out.</param>
/// <param name="TransmitDrops">The same on the way out.</param>
internal sealed record ServedPortStatistics(
    string Name,
    long ReceivedFrames,
    long ReceivedBytes,
    long TransmittedFrames,
    long TransmittedBytes,
    IReadOnlyDictionary<string, long> ReceiveDrops,
    IReadOnlyDictionary<string, long> TransmitDrops)
{
    public static ServedPortStatistics Of(IPort port) => new(
        port.Name,
        port.Counters.ReceivedFrames,
        port.Counters.ReceivedBytes,
        port.Counters.TransmittedFrames,
        port.Counters.TransmittedBytes,
        Drops(port.Counters.ReceiveDrops),
        Drops(port.Counters.TransmitDrops));

    /// <summary>Counts by reason, those that are not zero.</summary>
    public static Dictionary<string, long> Drops(Func<DropReason, long> count) =>
        Enum.GetValues<DropReason>().Where(reason => count(reason) != 0).ToDictionary(reason => reason.ToString(), count);
}
