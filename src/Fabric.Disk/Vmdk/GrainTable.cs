namespace Fabric.Disk.Vmdk;

/// <summary>A grain table in memory. Any number of threads read its entries while one, under the extent's lock, changes them.</summary>
/// <param name="index">Its number in the grain directory.</param>
/// <param name="entries">The entries: sectors, <see cref="Zeroed"/>, 0, or <see cref="Bad"/>.</param>
internal sealed class GrainTable(int index, uint[] entries)
{
    /// <summary>Entry of a zeroed grain.</summary>
    public const uint Zeroed = 1;

    /// <summary>Entry in memory of a grain whose place cannot be.</summary>
    public const uint Bad = uint.MaxValue;

    private uint[]? _asRead;

    /// <summary>Its number in the grain directory.</summary>
    public int Index => index;

    /// <summary>The entries.</summary>
    public uint[] Entries => entries;

    /// <summary>It holds what the file does not say yet.</summary>
    public bool Dirty { get; set; }

    /// <summary>Distrusts an entry from now on; the file keeps it as it was.</summary>
    public void MarkBad(int grain)
    {
        _asRead ??= [.. entries];
        entries[grain] = Bad;
    }

    /// <summary>What the file is to say of a grain.</summary>
    public uint InFile(int grain) => entries[grain] == Bad && _asRead is not null ? _asRead[grain] : entries[grain];
}
