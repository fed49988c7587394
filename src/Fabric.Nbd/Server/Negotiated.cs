namespace Fabric.Nbd.Server;

/// <summary>What a handshake ended with.</summary>
/// <param name="Export">The export.</param>
/// <param name="Structured">Replies to READ and BLOCK_STATUS are structured.</param>
/// <param name="Allocation">The client may ask for base:allocation.</param>
internal sealed record Negotiated(NbdExport Export, bool Structured, bool Allocation)
{
    /// <summary>Name of base:allocation in block status replies.</summary>
    internal const uint AllocationId = 1;
}
