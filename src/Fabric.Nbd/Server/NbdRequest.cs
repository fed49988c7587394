using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Server;

/// <summary>A request that was checked against its export: what is left to do is I/O.</summary>
/// <param name="Type">What to do.</param>
/// <param name="Flags">How.</param>
/// <param name="Cookie">The client's name for it.</param>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Length in bytes; at most <see cref="Limits.MaxPayload"/> where data goes over the wire.</param>
internal readonly record struct NbdRequest(CommandType Type, CommandFlags Flags, ulong Cookie, long Offset, uint Length)
{
    internal bool ForceUnitAccess => (Flags & CommandFlags.ForceUnitAccess) != 0;
}
