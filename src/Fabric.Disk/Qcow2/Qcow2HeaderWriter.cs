using System.Buffers.Binary;
using System.Text;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>A header that is to replace the one of an existing image (docs/interop/qcow2, "Header" and "Header extensions").</summary>
/// <remarks>
/// Everything starts as it is in the image; what is not changed stays, unknown fields and unknown extensions included. The header goes out in one
/// write of its cluster; what was in front of it in the order must be behind a barrier, and so must it be before what follows.
/// </remarks>
internal sealed class Qcow2HeaderWriter
{
    private const int KnownLength = 112;
    private readonly Qcow2Header _old;
    private readonly List<(uint Type, byte[] Data)> _others = [];
    private readonly byte[] _unknownFields;

    /// <summary>Begins with the header of an image.</summary>
    public Qcow2HeaderWriter(Qcow2Header header)
    {
        _old = header;
        Version = header.Version;
        Incompatible = (ulong)header.Incompatible;
        Compatible = header.Compatible;
        Autoclear = header.Autoclear;
        BackingName = header.BackingName;
        BackingFormat = header.BackingFormat;
        _unknownFields = header.HeaderLength > KnownLength ? header.Bytes[KnownLength..header.HeaderLength].ToArray() : [];
        foreach (Qcow2Extension extension in header.Extensions)
        {
            byte[] data = header.Bytes.Slice(extension.Offset, extension.Length).ToArray();
            if (extension.Type == Qcow2Extension.Bitmaps)
                Bitmaps = data;
            else if (extension.Type == Qcow2Extension.DataFile)
                DataFile = data;
            else if (extension.Type is not (Qcow2Extension.BackingFormat or Qcow2Extension.FeatureNames))
                _others.Add((extension.Type, data));
        }
    }

    /// <summary>2 or 3. Version 2 has no features and 16-bit counts; the caller sees to that.</summary>
    public int Version { get; set; }

    /// <summary>Incompatible feature bits.</summary>
    public ulong Incompatible { get; set; }

    /// <summary>Compatible feature bits.</summary>
    public ulong Compatible { get; set; }

    /// <summary>Autoclear feature bits.</summary>
    public ulong Autoclear { get; set; }

    /// <summary>Name of the backing file, or null.</summary>
    public string? BackingName { get; set; }

    /// <summary>Format of the backing file, or null; kept without a name too, as QEMU does.</summary>
    public string? BackingFormat { get; set; }

    /// <summary>The bitmaps extension, or null.</summary>
    public byte[]? Bitmaps { get; set; }

    /// <summary>Name of the external data file, or null.</summary>
    public byte[]? DataFile { get; set; }

    /// <summary>Place, length in clusters and order of new refcount structures; null keeps the old ones.</summary>
    public (long Offset, int Clusters, int Order)? Refcounts { get; set; }

    /// <summary>Writes the header's cluster. The caller puts a barrier in front and behind.</summary>
    /// <param name="store">The image file.</param>
    /// <exception cref="DiskException">It does not fit into one cluster, or cannot be written.</exception>
    public void Write(FileStore store)
    {
        byte[] cluster = Build(store.Path);
        DiskStatus status = store.Write(0, cluster);
        if (status != DiskStatus.Ok)
            throw new DiskException(store.Path, status == DiskStatus.NoSpace ? "no space left for the header" : "the header cannot be written", 0);
    }

    /// <summary>The header's cluster.</summary>
    /// <param name="path">The image, for messages.</param>
    /// <exception cref="DiskException">It does not fit into one cluster.</exception>
    public byte[] Build(string path)
    {
        byte[] name = Encoding.UTF8.GetBytes(BackingName ?? "");
        if (name.Length > 1023)
            throw new DiskException(path, "the backing file's name is longer than 1023 bytes; use a relative one");
        MemoryStream bytes = new();
        WriteFixed(bytes);
        if (BackingFormat is not null)
            WriteExtension(bytes, Qcow2Extension.BackingFormat, Encoding.UTF8.GetBytes(BackingFormat));
        if (DataFile is not null)
            WriteExtension(bytes, Qcow2Extension.DataFile, DataFile);
        if (Version >= 3 && HasRoomForNames(name))
            WriteExtension(bytes, Qcow2Extension.FeatureNames, Qcow2Creator.FeatureNames());
        if (Bitmaps is not null)
            WriteExtension(bytes, Qcow2Extension.Bitmaps, Bitmaps);
        foreach ((uint type, byte[] data) in _others)
            WriteExtension(bytes, type, data);
        WriteExtension(bytes, 0, []);
        if (bytes.Length + name.Length > _old.ClusterSize)
            throw new DiskException(path, $"the new header does not fit into a cluster of {_old.ClusterSize} bytes; use a shorter name, or convert it to a larger cluster size");
        byte[] cluster = new byte[_old.ClusterSize];
        bytes.ToArray().CopyTo(cluster, 0);
        name.CopyTo(cluster, (int)bytes.Length);
        BinaryPrimitives.WriteInt64BigEndian(cluster.AsSpan(8), name.Length > 0 ? bytes.Length : 0);
        BinaryPrimitives.WriteInt32BigEndian(cluster.AsSpan(16), name.Length);
        return cluster;
    }

    private void WriteFixed(MemoryStream bytes)
    {
        Span<byte> header = stackalloc byte[KnownLength];
        header.Clear();
        int known = Math.Min(_old.HeaderLength, KnownLength);
        _old.Bytes[..known].CopyTo(header);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], Version);
        if (Refcounts is { } counts)
        {
            BinaryPrimitives.WriteInt64BigEndian(header[48..], counts.Offset);
            BinaryPrimitives.WriteInt32BigEndian(header[56..], counts.Clusters);
        }

        if (Version < 3)
        {
            bytes.Write(header[..72]);
            return;
        }

        BinaryPrimitives.WriteUInt64BigEndian(header[72..], Incompatible);
        BinaryPrimitives.WriteUInt64BigEndian(header[80..], Compatible);
        BinaryPrimitives.WriteUInt64BigEndian(header[88..], Autoclear);
        BinaryPrimitives.WriteInt32BigEndian(header[96..], Refcounts?.Order ?? _old.RefcountOrder);
        BinaryPrimitives.WriteInt32BigEndian(header[100..], KnownLength + _unknownFields.Length);
        bytes.Write(header);
        bytes.Write(_unknownFields);
    }

    private bool HasRoomForNames(ReadOnlySpan<byte> name)
    {
        // Only a help for programs that lack a feature: it gives way to what is needed.
        long used = KnownLength + _unknownFields.Length + 8 + name.Length + Room(Encoding.UTF8.GetByteCount(BackingFormat ?? "")) + Room(DataFile?.Length ?? 0) + Room(Bitmaps?.Length ?? 0);
        foreach ((_, byte[] data) in _others)
            used += Room(data.Length);
        return used + Room(Qcow2Creator.FeatureNames().Length) <= _old.ClusterSize;
    }

    private static int Room(int data) => 8 + ((data + 7) & ~7);

    private static void WriteExtension(MemoryStream bytes, uint type, byte[] data)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(head, type);
        BinaryPrimitives.WriteInt32BigEndian(head[4..], data.Length);
        bytes.Write(head);
        bytes.Write(data);
        while (bytes.Length % 8 != 0)
            bytes.WriteByte(0);
    }
}
