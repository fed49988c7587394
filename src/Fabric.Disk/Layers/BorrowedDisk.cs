namespace Fabric.Disk.Layers;

/// <summary>A disk that somebody else owns: disposing this leaves it open.</summary>
/// <param name="below">The disk; stays its owner's.</param>
internal sealed class BorrowedDisk(IDisk below) : DiskLayer(below)
{
    /// <inheritdoc/>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2215", Justification = "Not disposing what is below is what this is for.")]
    protected override void Dispose(bool disposing)
    {
    }
}
