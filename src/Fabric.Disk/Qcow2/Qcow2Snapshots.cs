using System.Buffers.Binary;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>Where an internal snapshot keeps its L1 table.</summary>
internal readonly record struct Qcow2Snapshot(long L1Offset, int L1Entries);

/// <summary>The snapshot table (docs/interop/qcow2, "Snapshots"), as far as its clusters must be respected.</summary>
internal sealed class Qcow2Snapshots
{
    private Qcow2Snapshots(List<Qcow2Snapshot> entries, long tableBytes)
    {
        Entries = entries;
        TableBytes = tableBytes;
    }

    public IReadOnlyList<Qcow2Snapshot> Entries { get; }

    /// <summary>Length of the table in bytes.</summary>
    public long TableBytes { get; }

    /// <summary>Reads and checks the table.</summary>
    /// <exception cref="DiskException">An entry must not be trusted.</exception>
    public static Qcow2Snapshots Read(FileStore store, Qcow2Header header)
    {
        List<Qcow2Snapshot> entries = [];
        Span<byte> fixedPart = stackalloc byte[40];
        long position = 0;
        for (int i = 0; i < header.SnapshotCount; i++)
        {
            position = (position + 7) & ~7L;
            long at = header.SnapshotsOffset + position;
            if (store.Read(at, fixedPart) != DiskStatus.Ok)
                throw new DiskException(store.Path, "the snapshot table cannot be read", at);
            long offset = BinaryPrimitives.ReadInt64BigEndian(fixedPart);
            uint count = BinaryPrimitives.ReadUInt32BigEndian(fixedPart[8..]);
            if (offset <= 0 || offset % header.ClusterSize != 0 || offset >= store.Length || count > Qcow2Header.MaxL1Bytes / 8)
                throw new DiskException(store.Path, $"snapshot {i + 1} has an impossible L1 table", at);
            entries.Add(new Qcow2Snapshot(offset, (int)count));
            position += 40 + BinaryPrimitives.ReadUInt16BigEndian(fixedPart[12..]) + BinaryPrimitives.ReadUInt16BigEndian(fixedPart[14..])
                + (long)BinaryPrimitives.ReadUInt32BigEndian(fixedPart[36..]);
            if (position > Qcow2Header.MaxSnapshotTableBytes)
                throw new DiskException(store.Path, "the snapshot table is larger than 16 MiB", at);
        }

        return new Qcow2Snapshots(entries, position);
    }
}
