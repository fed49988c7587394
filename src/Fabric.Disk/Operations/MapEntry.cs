namespace Fabric.Disk.Operations;

/// <summary>A run of a disk as the layers of its chain hold it.</summary>
/// <param name="Start">First byte.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Depth">Layer that says what the bytes are; 0 is the image itself.</param>
/// <param name="Present">That layer holds an entry for the run.</param>
/// <param name="Zero">It reads as zeroes.</param>
/// <param name="Data">Space is allocated for it.</param>
/// <param name="Offset">Where the bytes stand as they are in the file, or null.</param>
/// <param name="FileName">That file, or null.</param>
public sealed record MapEntry(long Start, long Length, int Depth, bool Present, bool Zero, bool Data, long? Offset, string? FileName)
{
    /// <summary>True when a run right behind this one continues it.</summary>
    /// <param name="next">The run behind.</param>
    public bool IsContinuedBy(MapEntry next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return next with { Start = Start, Length = Length, Offset = Offset } == this
            && next.Offset.HasValue == Offset.HasValue
            && (Offset is not { } offset || offset + Length == next.Offset);
    }
}
