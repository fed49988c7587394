namespace Fabric.Disk;

/// <summary>A disk that is an image file: requests, and what else can be asked of an image.</summary>
/// <remarks>
/// <para>Requests follow <see cref="IDisk"/>. The other members change or describe the image as a whole; they are for an operator, not for
/// a guest: they may allocate, block and throw <see cref="DiskException"/>. Unless one says otherwise no request may be in flight
/// meanwhile, and when it returns the change is on stable storage. A change that is cut off leaves the image as it was or as it was to
/// become, with leaked space at most.</para>
/// <para>What a format cannot do is refused by the members here, by name.</para>
/// </remarks>
public abstract class ImageDisk : IDisk
{
    /// <summary>The image file.</summary>
    public abstract string Path { get; }

    /// <summary>The image's format.</summary>
    public abstract DiskFormat Format { get; }

    /// <summary>The disk below, which shows through where <see cref="DiskExtent.Allocated"/> is false and which is zero past its end; null
    /// without one. It belongs to this disk.</summary>
    public virtual IDisk? Backing => null;

    /// <inheritdoc/>
    public abstract long Length { get; }

    /// <inheritdoc/>
    public virtual int LogicalBlockSize => 512;

    /// <inheritdoc/>
    public abstract bool IsReadOnly { get; }

    /// <inheritdoc/>
    public abstract int DiscardGranularity { get; }

    /// <inheritdoc/>
    public abstract DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None);

    /// <inheritdoc/>
    public abstract DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None);

    /// <inheritdoc/>
    public abstract DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None);

    /// <inheritdoc/>
    public abstract DiskStatus Discard(long offset, long length);

    /// <inheritdoc/>
    public abstract DiskStatus Flush();

    /// <inheritdoc/>
    public abstract DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent);

    /// <summary>What happened to the last request that met damaged metadata, for the operator; null when none did.</summary>
    public virtual DiskException? Damage => null;

    /// <summary>Changes the virtual size.</summary>
    /// <param name="length">New size in bytes, a multiple of 512.</param>
    /// <param name="mayShrink">Agree to lose what lies past a smaller size.</param>
    /// <param name="preallocation">What to do with the space that is added.</param>
    /// <exception cref="DiskException">The format or the image does not allow it.</exception>
    public virtual void Resize(long length, bool mayShrink, Preallocation preallocation = Preallocation.Off) => throw Refused("be resized");

    /// <summary>The internal snapshots, oldest first.</summary>
    public virtual IReadOnlyList<DiskSnapshot> Snapshots => [];

    /// <summary>Keeps the present content under a name.</summary>
    /// <param name="name">Name; need not be unique.</param>
    /// <param name="date">When, for the list.</param>
    /// <returns>The new snapshot.</returns>
    public virtual DiskSnapshot CreateSnapshot(string name, DateTimeOffset date) => throw Refused("hold internal snapshots");

    /// <summary>Makes a snapshot's content the present one; what was there is lost.</summary>
    /// <param name="idOrName">Looked up by id first, then by name.</param>
    public virtual void RevertSnapshot(string idOrName) => throw Refused("hold internal snapshots");

    /// <summary>Removes a snapshot and frees what only it held.</summary>
    /// <param name="idOrName">Looked up by id first, then by name.</param>
    public virtual void DeleteSnapshot(string idOrName) => throw Refused("hold internal snapshots");

    /// <summary>Opens a snapshot's content for reading. The view must be disposed before this disk.</summary>
    /// <param name="idOrName">Looked up by id first, then by name.</param>
    public virtual IDisk OpenSnapshot(string idOrName) => throw Refused("hold internal snapshots");

    /// <summary>Rewrites the name of the backing file in the image; the content of the two files is the caller's business. The disk below
    /// stays open as it was until this one is closed.</summary>
    /// <param name="name">Name as it is to stand in the image, or null for none.</param>
    /// <param name="format">The backing file's format, or null to leave it out.</param>
    public virtual void SetBacking(string? name, DiskFormat? format) => throw Refused("have a backing file");

    /// <summary>Forgets everything this image holds, so that the disk below shows through again (what a commit does in the end).</summary>
    public virtual void MakeEmpty() => throw Refused("be emptied");

    /// <summary>Changes format options of an existing image.</summary>
    /// <param name="options">As for creating, by the format's own names.</param>
    /// <param name="progress">Told of the work, or null.</param>
    /// <param name="cancel">Stops between two steps, leaving a sound image.</param>
    public virtual void Amend(IReadOnlyDictionary<string, string> options, IProgress<DiskProgress>? progress, CancellationToken cancel) => throw Refused("be amended");

    /// <summary>Size in bytes of the unit that compressed data is written in, or 0 when the image takes none.</summary>
    public virtual int CompressionUnit => 0;

    /// <summary>Compresses one unit. Any number of threads may call at once; touches no file.</summary>
    /// <param name="source">The bytes of one unit, or less at the end of the disk.</param>
    /// <param name="destination">Room for the compressed bytes, at least a unit.</param>
    /// <returns>Number of bytes used, or 0 when compressing does not save space.</returns>
    public virtual int Compress(ReadOnlySpan<byte> source, Span<byte> destination) => throw Refused("hold compressed data");

    /// <summary>Stores what <see cref="Compress"/> gave at a unit that holds nothing yet.</summary>
    /// <param name="offset">Place in the disk, a multiple of the unit.</param>
    /// <param name="compressed">The compressed bytes.</param>
    public virtual DiskStatus WriteCompressed(long offset, ReadOnlySpan<byte> compressed) => DiskStatus.Unsupported;

    /// <summary>Flushes, closes the chain and gives up the locks.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Flushes, closes the chain and gives up the locks.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);

    private DiskException Refused(string what) => new(Path, $"a {DiskImage.NameOf(Format)} image cannot {what}; convert it to qcow2");
}
