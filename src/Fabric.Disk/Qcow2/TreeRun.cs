namespace Fabric.Disk.Qcow2;

/// <summary>Neighbouring L2 entries with equal flags that refer to neighbouring host clusters, or one entry of a compressed cluster.</summary>
/// <param name="index">Word of the first entry in the table.</param>
/// <param name="entries">Number of entries.</param>
/// <param name="first">The first host cluster.</param>
/// <param name="clusters">Number of host clusters; what a compressed entry touches, else as many as entries.</param>
internal readonly struct TreeRun(int index, int entries, long first, long clusters)
{
    /// <summary>Word of the first entry in the table.</summary>
    public readonly int Index = index;

    /// <summary>Number of entries.</summary>
    public readonly int Entries = entries;

    /// <summary>The first host cluster.</summary>
    public readonly long First = first;

    /// <summary>Number of host clusters.</summary>
    public readonly long Clusters = clusters;
}
