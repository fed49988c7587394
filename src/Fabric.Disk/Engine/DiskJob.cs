namespace Fabric.Disk.Engine;

/// <summary>Work that may block on a disk. The owner keeps such objects and hands the same one in again, so that nothing is allocated
/// per request.</summary>
public abstract class DiskJob
{
    internal DiskJob? Next { get; set; }

    /// <summary>Does the work, on one of the engine's threads, and tells the owner. Must not throw.</summary>
    protected internal abstract void Run();
}
