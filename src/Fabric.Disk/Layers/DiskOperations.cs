namespace Fabric.Disk.Layers;

/// <summary>Kinds of disk requests.</summary>
[Flags]
public enum DiskOperations
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary><see cref="IDisk.Read"/>.</summary>
    Read = 1,

    /// <summary><see cref="IDisk.Write"/>.</summary>
    Write = 2,

    /// <summary><see cref="IDisk.WriteZeroes"/>.</summary>
    WriteZeroes = 4,

    /// <summary><see cref="IDisk.Discard"/>.</summary>
    Discard = 8,

    /// <summary><see cref="IDisk.Flush"/>.</summary>
    Flush = 16,

    /// <summary>All of them.</summary>
    All = Read | Write | WriteZeroes | Discard | Flush,
}
