using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Client;

/// <summary>What a server said about the export it serves us.</summary>
/// <param name="Size">Size in bytes.</param>
/// <param name="Flags">What it can do.</param>
/// <param name="MinimumBlock">Requests begin and end at multiples of this, a power of two up to 4096.</param>
/// <param name="MaxPayload">Longest data of a READ or WRITE, a multiple of <paramref name="MinimumBlock"/>.</param>
/// <param name="Structured">READ and BLOCK_STATUS are answered by structured replies.</param>
/// <param name="AllocationId">Name of base:allocation in block status replies, or null when the server has none.</param>
internal sealed record RemoteExport(long Size, TransmissionFlags Flags, int MinimumBlock, int MaxPayload, bool Structured, uint? AllocationId)
{
    internal bool Can(TransmissionFlags ability) => (Flags & ability) != 0;
}
