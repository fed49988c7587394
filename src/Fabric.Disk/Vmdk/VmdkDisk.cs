using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>A VMDK image (VMware "Virtual Disk Format 5.0").</summary>
/// <remarks>
/// <para><b>The structures.</b> A descriptor, a text in a file of its own or inside the only extent, lists extents: parts of the disk behind
/// each other. A flat extent is the bytes as they are; a sparse one is cut into grains, see <see cref="SparseExtent"/>. What no grain holds
/// is the parent's, or zero.</para>
/// <para><b>The CID.</b> The descriptor has a number for the content. It changes when the disk is first written after opening, before
/// the write, so that an image made over the old content notices: one whose parent's CID is not the one it remembers is not opened.</para>
/// <para><b>A request in steady state</b> finds its extent by a binary search and takes no lock.</para>
/// <para><b>Crashes</b> leave what was flushed, and leaked grains at the end of a sparse extent at most.</para>
/// <para><b>Distrust.</b> <see cref="SparseHeader"/> and <see cref="VmdkDescriptor"/> bound every size; extents and parents are followed
/// inside the image's folder only; an extent opened for writing must have its structures apart from each other, and a grain that
/// a table places on one of them is answered with <see cref="DiskStatus.Corrupt"/>.</para>
/// </remarks>
internal sealed class VmdkDisk : ImageDisk
{
    private readonly FileStore _store;
    private readonly VmdkDescriptor _descriptor;
    private readonly VmdkParent _parent;
    private readonly VmdkExtent[] _extents;
    private readonly Lock _gate = new();
    private volatile bool _cidChanged;
    private bool _disposed;

    /// <summary>Puts a disk together.</summary>
    /// <param name="store">The image's own file; owned.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="parent">What shows through; owned.</param>
    /// <param name="extents">The extents, in order and without gaps; owned.</param>
    public VmdkDisk(FileStore store, VmdkDescriptor descriptor, VmdkParent parent, VmdkExtent[] extents)
    {
        _store = store;
        _descriptor = descriptor;
        _parent = parent;
        _extents = extents;
        Length = extents.Length == 0 ? 0 : extents[^1].End;
    }

    /// <summary>The number of the present content.</summary>
    public uint Cid => _descriptor.Cid;

    /// <inheritdoc/>
    public override string Path => _store.Path;

    /// <inheritdoc/>
    public override DiskFormat Format => DiskFormat.Vmdk;

    /// <inheritdoc/>
    public override IDisk? Backing => _parent.Disk;

    /// <inheritdoc/>
    public override long Length { get; }

    /// <inheritdoc/>
    public override bool IsReadOnly => _store.IsReadOnly;

    /// <inheritdoc/>
    public override int DiscardGranularity => CompressionUnit > 0 ? 0 : 4096;

    /// <inheritdoc/>
    public override int CompressionUnit => _extents is [SparseExtent { Compressed: true } only] && !IsReadOnly ? only.GrainSize : 0;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None)
    {
        if (!Inside(offset, destination.Length))
            return DiskStatus.OutOfRange;
        while (!destination.IsEmpty)
        {
            VmdkExtent extent = ExtentAt(offset);
            int piece = (int)Math.Min(destination.Length, extent.End - offset);
            DiskStatus status = extent.Read(offset, destination[..piece], (flags & DiskFlags.NoWait) != 0);
            if (status != DiskStatus.Ok)
                return status;
            destination = destination[piece..];
            offset += piece;
        }

        return DiskStatus.Ok;
    }

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None)
    {
        DiskStatus status = BeginChange(offset, source.Length);
        while (!source.IsEmpty && status == DiskStatus.Ok)
        {
            VmdkExtent extent = ExtentAt(offset);
            int piece = (int)Math.Min(source.Length, extent.End - offset);
            status = extent.Write(offset, source[..piece]);
            source = source[piece..];
            offset += piece;
        }

        return status == DiskStatus.Ok && (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : status;
    }

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None)
    {
        DiskStatus status = BeginChange(offset, length);
        while (length > 0 && status == DiskStatus.Ok)
        {
            VmdkExtent extent = ExtentAt(offset);
            long piece = Math.Min(length, extent.End - offset);
            status = extent.WriteZeroes(offset, piece, (flags & DiskFlags.MayUnmap) != 0);
            length -= piece;
            offset += piece;
        }

        return status == DiskStatus.Ok && (flags & DiskFlags.ForceUnitAccess) != 0 ? Flush() : status;
    }

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length)
    {
        DiskStatus status = BeginChange(offset, length);
        while (length > 0 && status == DiskStatus.Ok)
        {
            VmdkExtent extent = ExtentAt(offset);
            long piece = Math.Min(length, extent.End - offset);
            status = extent.Discard(offset, piece);
            length -= piece;
            offset += piece;
        }

        return status;
    }

    private DiskStatus BeginChange(long offset, long length)
    {
        if (IsReadOnly)
            return DiskStatus.ReadOnly;
        if (!Inside(offset, length))
            return DiskStatus.OutOfRange;
        return _cidChanged || length == 0 ? DiskStatus.Ok : ChangeCid();
    }

    private DiskStatus ChangeCid()
    {
        lock (_gate)
        {
            if (_cidChanged)
                return DiskStatus.Ok;
            Span<byte> random = stackalloc byte[4];
            uint cid;
            do
            {
                RandomNumberGenerator.Fill(random);
                cid = BinaryPrimitives.ReadUInt32LittleEndian(random);
            }
            while (cid == _descriptor.Cid || cid >= VmdkDescriptor.NoParent - 1);
            DiskStatus status = _descriptor.WriteCid(cid);
            // Before any change: new content under the old number would be taken for the old content.
            if (status == DiskStatus.Ok)
                status = _store.Flush();
            _cidChanged = status == DiskStatus.Ok;
            return status;
        }
    }

    /// <inheritdoc/>
    public override DiskStatus Flush()
    {
        DiskStatus first = DiskStatus.Ok;
        foreach (VmdkExtent extent in _extents)
        {
            DiskStatus status = extent.Flush();
            first = first == DiskStatus.Ok ? status : first;
        }

        return first;
    }

    /// <inheritdoc/>
    public override DiskStatus GetExtent(long offset, long maxLength, out DiskExtent extent)
    {
        extent = default;
        if (offset < 0 || offset >= Length || maxLength < 1)
            return DiskStatus.OutOfRange;
        VmdkExtent part = ExtentAt(offset);
        return part.GetExtent(offset, Math.Min(maxLength, part.End - offset), out extent);
    }

    /// <inheritdoc/>
    public override int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int unit = CompressionUnit;
        return unit == 0 ? base.Compress(source, destination) : CompressedGrains.Compress(source, unit, destination[..Math.Min(destination.Length, unit - 1)], CompressionLevel.Optimal);
    }

    /// <inheritdoc/>
    public override DiskStatus WriteCompressed(long offset, ReadOnlySpan<byte> compressed)
    {
        int unit = CompressionUnit;
        if (unit == 0)
            return IsReadOnly ? DiskStatus.ReadOnly : DiskStatus.Unsupported;
        if (offset % unit != 0 || !Inside(offset, 1) || compressed.Length > unit)
            return DiskStatus.OutOfRange;
        DiskStatus status = BeginChange(offset, 1);
        return status == DiskStatus.Ok ? ((SparseExtent)_extents[0]).WriteCompressed(offset, compressed) : status;
    }

    /// <inheritdoc/>
    public override void MakeEmpty()
    {
        if (_descriptor.ParentName is null || Array.Exists(_extents, extent => extent is not SparseExtent { Compressed: false }))
        {
            base.MakeEmpty();
            return;
        }

        Expect(BeginChange(0, Math.Min(1, Length)));
        foreach (VmdkExtent extent in _extents)
            Expect(((SparseExtent)extent).MakeEmpty());
    }

    /// <inheritdoc/>
    /// <remarks>The descriptor is rewritten in place; a crash meanwhile can leave a mixture of both texts in the sectors that differ.</remarks>
    public override void SetBacking(string? name, DiskFormat? format)
    {
        if (format is not (null or DiskFormat.Vmdk))
            throw new DiskException(Path, "the parent of a VMDK must be a VMDK");
        if (Array.Exists(_extents, extent => extent is FlatExtent))
            throw new DiskException(Path, "Flat image can't have backing file");
        if (name is not null && name.AsSpan().IndexOfAny('"', '\n', '\r') >= 0)
            throw new DiskException(Path, "the name of its parent has characters that a descriptor cannot hold");
        uint cid = VmdkDescriptor.NoParent;
        if (name is not null)
        {
            DiskImageInfo parent = DiskImage.Inspect(HostPath.Resolve(Path, name), DiskFormat.Vmdk);
            cid = (uint)(long)parent.Specific.First(pair => pair.Key == "cid").Value;
        }

        Expect(Flush());
        Expect(_descriptor.WriteParent(name, cid));
        Expect(_store.Flush());
    }

    private void Expect(DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(Path, $"cannot be changed: {status}");
    }

    private VmdkExtent ExtentAt(long offset)
    {
        int low = 0;
        int high = _extents.Length - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (offset < _extents[middle].End)
                high = middle;
            else
                low = middle + 1;
        }

        return _extents[low];
    }

    private bool Inside(long offset, long length) => offset >= 0 && length >= 0 && length <= Length - offset;

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        if (!IsReadOnly)
            Flush();
        foreach (VmdkExtent extent in _extents)
            extent.Dispose();
        _store.Dispose();
        _parent.Disk?.Dispose();
    }
}
