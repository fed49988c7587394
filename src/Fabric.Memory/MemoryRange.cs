namespace Fabric.Memory;

/// <summary>A range of guest-physical addresses.</summary>
/// <param name="Base">First guest-physical address, in bytes.</param>
/// <param name="Length">Length in bytes.</param>
public readonly record struct MemoryRange(ulong Base, ulong Length)
{
    /// <summary>True when <paramref name="length"/> bytes from <paramref name="address"/> lie inside; immune to wrap-around.</summary>
    /// <param name="address">Guest-physical address, in bytes.</param>
    /// <param name="length">Length in bytes; 0 is inside when the address is.</param>
    public bool Contains(ulong address, ulong length) =>
        address >= Base && address - Base <= Length && length <= Length - (address - Base);

    /// <summary>True when the two ranges share at least one address.</summary>
    /// <param name="other">The other range.</param>
    public bool Overlaps(MemoryRange other) =>
        Length > 0 && other.Length > 0 && (Base <= other.Base ? other.Base - Base < Length : Base - other.Base < other.Length);
}
