using Fabric.Disk;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd.Server;

/// <summary>Decides whether a request makes sense, and which error says that it does not (proto.md, "Error values").</summary>
internal static class RequestCheck
{
    /// <summary>Checks a request.</summary>
    /// <param name="request">As it came; offset and length may be anything.</param>
    /// <param name="chosen">What was negotiated.</param>
    internal static NbdError Check(in NbdRequest request, Negotiated chosen)
    {
        if ((request.Flags & ~Allowed(request.Type, chosen.Structured)) != 0)
            return NbdError.Invalid;
        return request.Type switch
        {
            CommandType.Read => CheckRead(request, chosen.Export),
            CommandType.Write => request.Length > Limits.MaxPayload ? NbdError.Invalid : CheckChange(request, chosen.Export),
            CommandType.Trim => CheckChange(request, chosen.Export),
            CommandType.WriteZeroes => CheckZeroes(request, chosen.Export),
            CommandType.Cache => CheckRange(request, chosen.Export, NbdError.Invalid),
            CommandType.BlockStatus => chosen.Allocation && request.Length > 0 ? CheckRange(request, chosen.Export, NbdError.Invalid) : NbdError.Invalid,
            CommandType.Flush => NbdError.None,
            _ => NbdError.Invalid,
        };
    }

    /// <summary>The one place where the disk's answers become the client's.</summary>
    internal static NbdError Map(DiskStatus status) => status switch
    {
        DiskStatus.Ok => NbdError.None,
        DiskStatus.OutOfRange => NbdError.Invalid,
        DiskStatus.ReadOnly => NbdError.NotPermitted,
        DiskStatus.NoSpace => NbdError.NoSpace,
        DiskStatus.Unsupported => NbdError.NotSupported,
        _ => NbdError.InputOutput,
    };

    // FUA must be taken with every command, and means something only with those that write.
    private static CommandFlags Allowed(CommandType type, bool structured) => CommandFlags.ForceUnitAccess | type switch
    {
        CommandType.Read when structured => CommandFlags.DontFragment,
        CommandType.WriteZeroes => CommandFlags.NoHole | CommandFlags.FastZero,
        CommandType.BlockStatus => CommandFlags.RequestOne,
        _ => CommandFlags.None,
    };

    private static NbdError CheckRead(in NbdRequest request, NbdExport export)
    {
        if (request.Length > Limits.MaxPayload)
            return (request.Flags & CommandFlags.DontFragment) != 0 ? NbdError.Overflow : NbdError.Invalid;
        return CheckRange(request, export, NbdError.Invalid);
    }

    private static NbdError CheckChange(in NbdRequest request, NbdExport export) =>
        export.IsReadOnly ? NbdError.NotPermitted : CheckRange(request, export, NbdError.NoSpace);

    // Zeroing quickly means unmapping; whether a host can zero and keep the space without writing is not known beforehand.
    private static NbdError CheckZeroes(in NbdRequest request, NbdExport export)
    {
        NbdError error = CheckChange(request, export);
        bool slow = (request.Flags & CommandFlags.NoHole) != 0 || export.Disk.DiscardGranularity == 0;
        return error == NbdError.None && slow && (request.Flags & CommandFlags.FastZero) != 0 ? NbdError.NotSupported : error;
    }

    private static NbdError CheckRange(in NbdRequest request, NbdExport export, NbdError outside)
    {
        long size = export.Disk.Length;
        if (request.Offset < 0 || request.Offset > size || request.Length > size - request.Offset)
            return outside;
        int block = export.MinimumBlock;
        return ((request.Offset | request.Length) & (block - 1)) == 0 ? NbdError.None : NbdError.Invalid;
    }
}
