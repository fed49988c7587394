namespace Fabric.Disk.Storage;

/// <summary>The file under an image format: positional I/O, barriers, holes.</summary>
/// <remarks>
/// <para>Formats see nothing else of the host, so that a test can put a store underneath that records, reorders or fails.
/// Any number of threads may call at once. Nothing allocates. Offsets and lengths are in bytes.</para>
/// <para>The order rule formats rely on: a write that returned before <see cref="Flush"/> was called is on stable storage when that
/// flush has answered <see cref="DiskStatus.Ok"/>; writes between two flushes may reach it in any order, or torn at sectors.</para>
/// </remarks>
internal abstract class FileStore : IDisposable
{
    /// <summary>The file's name, for messages.</summary>
    public abstract string Path { get; }

    /// <summary>True when the file was opened for reading only.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>Length of the file now.</summary>
    public abstract long Length { get; }

    /// <summary>Bytes the file occupies on the host.</summary>
    public abstract long AllocatedBytes { get; }

    /// <summary>Fills the buffer; what lies past the end of the file reads as zeroes.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="destination">Filled completely on Ok.</param>
    /// <param name="noWait">Answer <see cref="DiskStatus.WouldBlock"/> rather than wait for a device.</param>
    public abstract DiskStatus Read(long offset, Span<byte> destination, bool noWait = false);

    /// <summary>Finds where a range stands in the host's page cache, for a system call to read it from there; see <see cref="ILendingDisk"/>.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Length in bytes, at least 1.</param>
    /// <param name="address">Where it stands, as long as the store is open.</param>
    /// <returns>False when it is not there as a whole, or this store cannot tell.</returns>
    public virtual bool TryFindCached(long offset, int length, out nint address)
    {
        address = 0;
        return false;
    }

    /// <summary>Writes the buffer, extending the file when needed.</summary>
    public abstract DiskStatus Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>Makes a range read as zeroes, extending the file when needed.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Length in bytes.</param>
    /// <param name="mayUnmap">Space may be given back to the host.</param>
    public abstract DiskStatus WriteZeroes(long offset, long length, bool mayUnmap);

    /// <summary>Gives a range's space back to the host; it reads as zeroes afterwards. <see cref="DiskStatus.Unsupported"/> when the
    /// host's file system has no holes; nothing was done then.</summary>
    public abstract DiskStatus PunchHole(long offset, long length);

    /// <summary>Brings every completed write to stable storage. After one failure every later call fails too: the host drops the pages
    /// it could not write, so a later success would promise what is lost.</summary>
    public abstract DiskStatus Flush();

    /// <summary>Sets the file's length; new bytes read as zeroes.</summary>
    public abstract DiskStatus SetLength(long length);

    /// <summary>Makes the file at least so long; new bytes read as zeroes.</summary>
    /// <param name="length">Length in bytes.</param>
    public DiskStatus Extend(long length) => length <= Length ? DiskStatus.Ok : SetLength(length);

    /// <summary>Finds how far the run of data or hole at an offset goes.</summary>
    /// <param name="offset">First byte, inside the file.</param>
    /// <param name="length">Length of the run in bytes.</param>
    /// <returns>True for data (or when the host cannot tell), false for a hole.</returns>
    public abstract bool IsData(long offset, out long length);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file, and with it gives up its locks.</summary>
    protected abstract void Dispose(bool disposing);
}
