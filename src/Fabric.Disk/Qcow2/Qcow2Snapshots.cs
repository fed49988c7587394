using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Qcow2;

/// <summary>The snapshot table (docs/interop/qcow2, "Snapshots"), read and checked, or about to be written.</summary>
/// <remarks>An entry is 40 bytes, extra data, id and name, padded to 8. Caps, those of QEMU: 65536 entries, 64 MiB in all, 1024 bytes of extra
/// data each. Older images may lack the extra data; an entry written here always has the 24 bytes known today.</remarks>
internal sealed class Qcow2Snapshots
{
    /// <summary>Most bytes of extra data in one entry.</summary>
    public const int MaxExtraBytes = 1024;

    /// <summary>Longest name in bytes that QEMU can show.</summary>
    public const int MaxNameBytes = 255;

    private const int FixedBytes = 40;
    private const int KnownExtraBytes = 24;

    public Qcow2Snapshots(IReadOnlyList<Qcow2Snapshot> entries, long tableBytes)
    {
        Entries = entries;
        TableBytes = tableBytes;
    }

    /// <summary>The entries, oldest first.</summary>
    public IReadOnlyList<Qcow2Snapshot> Entries { get; }

    /// <summary>Length of the table in the file in bytes.</summary>
    public long TableBytes { get; }

    /// <summary>Reads and checks the table.</summary>
    /// <exception cref="DiskException">An entry must not be trusted.</exception>
    public static Qcow2Snapshots Read(FileStore store, Qcow2Header header)
    {
        List<Qcow2Snapshot> entries = [];
        long position = 0;
        for (int i = 0; i < header.SnapshotCount; i++)
        {
            position = (position + 7) & ~7L;
            entries.Add(ReadEntry(store, header, i, ref position));
            if (position > Qcow2Header.MaxSnapshotTableBytes)
                throw new DiskException(store.Path, $"Snapshot table is too big\nYou can force-remove all {header.SnapshotCount - i} overhanging snapshots with qemu-img check -r all", header.SnapshotsOffset);
        }

        return new Qcow2Snapshots(entries, position);
    }

    private static Qcow2Snapshot ReadEntry(FileStore store, Qcow2Header header, int index, ref long position)
    {
        long at = header.SnapshotsOffset + position;
        Span<byte> head = stackalloc byte[FixedBytes];
        Fill(store, at, head);
        uint extraBytes = BinaryPrimitives.ReadUInt32BigEndian(head[36..]);
        if (extraBytes > MaxExtraBytes)
            throw new DiskException(store.Path, $"Too much extra metadata in snapshot table entry {index}\nYou can force-remove this extra metadata with qemu-img check -r all", at);
        byte[] rest = new byte[(int)extraBytes + BinaryPrimitives.ReadUInt16BigEndian(head[12..]) + BinaryPrimitives.ReadUInt16BigEndian(head[14..])];
        Fill(store, at + FixedBytes, rest);
        position += FixedBytes + rest.Length;
        Qcow2Snapshot entry = Decode(header, head, rest, (int)extraBytes);
        if (!IsTable(store, header, entry.L1Offset, entry.L1Entries))
            throw new DiskException(store.Path, $"snapshot {index + 1} has an impossible L1 table", at);
        return entry;
    }

    /// <summary>Takes an entry apart; the places it names are not checked yet.</summary>
    public static Qcow2Snapshot Decode(Qcow2Header header, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest, int extraBytes)
    {
        int id = BinaryPrimitives.ReadUInt16BigEndian(head[12..]);
        int name = BinaryPrimitives.ReadUInt16BigEndian(head[14..]);
        long size = extraBytes >= 16 ? BinaryPrimitives.ReadInt64BigEndian(rest[8..]) : header.Size;
        return new Qcow2Snapshot
        {
            L1Offset = BinaryPrimitives.ReadInt64BigEndian(head),
            L1Entries = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32BigEndian(head[8..])),
            Seconds = BinaryPrimitives.ReadUInt32BigEndian(head[16..]),
            Nanoseconds = BinaryPrimitives.ReadUInt32BigEndian(head[20..]),
            ClockNanoseconds = BinaryPrimitives.ReadUInt64BigEndian(head[24..]),
            StateSize = extraBytes >= 8 ? BinaryPrimitives.ReadUInt64BigEndian(rest) : BinaryPrimitives.ReadUInt32BigEndian(head[32..]),
            DiskSize = size,
            HasDiskSize = extraBytes >= 16,
            InstructionCount = extraBytes >= KnownExtraBytes ? BinaryPrimitives.ReadUInt64BigEndian(rest[16..]) : ulong.MaxValue,
            UnknownExtra = extraBytes > KnownExtraBytes ? rest[KnownExtraBytes..extraBytes].ToArray() : [],
            Id = Encoding.UTF8.GetString(rest.Slice(extraBytes, id)),
            Name = Encoding.UTF8.GetString(rest.Slice(extraBytes + id, name)),
        };
    }

    /// <summary>True when an L1 table of a snapshot is aligned, capped and begins inside the file.</summary>
    public static bool IsTable(FileStore store, Qcow2Header header, long offset, int entries) =>
        entries <= Qcow2Header.MaxL1Bytes / 8 && (offset & (header.ClusterSize - 1)) == 0
        && (entries == 0 ? offset >= 0 : offset > 0) && offset <= Math.Max(0, store.Length - (entries * 8L) + header.ClusterSize - 1);

    private static void Fill(FileStore store, long offset, Span<byte> destination)
    {
        if (store.Read(offset, destination) != DiskStatus.Ok)
            throw new DiskException(store.Path, "Failed to read snapshot table", offset);
    }

    /// <summary>Finds an entry by id, else by name.</summary>
    /// <returns>Its index, or −1.</returns>
    public int Find(string idOrName)
    {
        for (int i = 0; i < Entries.Count; i++)
            if (Entries[i].Id == idOrName)
                return i;
        for (int i = 0; i < Entries.Count; i++)
            if (Entries[i].Name == idOrName)
                return i;
        return -1;
    }

    /// <summary>An id above every one in use.</summary>
    public string NextId()
    {
        ulong most = 0;
        foreach (Qcow2Snapshot entry in Entries)
        {
            int digits = 0;
            while (digits < entry.Id.Length && char.IsAsciiDigit(entry.Id[digits]))
                digits++;
            if (ulong.TryParse(entry.Id.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out ulong id))
                most = Math.Max(most, id);
        }

        return (most + 1).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The table as it stands in a file.</summary>
    public static byte[] Encode(IReadOnlyList<Qcow2Snapshot> entries)
    {
        MemoryStream table = new();
        foreach (Qcow2Snapshot entry in entries)
        {
            while (table.Length % 8 != 0)
                table.WriteByte(0);
            byte[] id = Encoding.UTF8.GetBytes(entry.Id);
            byte[] name = Encoding.UTF8.GetBytes(entry.Name);
            byte[] head = new byte[FixedBytes + KnownExtraBytes];
            BinaryPrimitives.WriteInt64BigEndian(head, entry.L1Offset);
            BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(8), entry.L1Entries);
            BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(12), (ushort)id.Length);
            BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(14), (ushort)name.Length);
            BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(16), entry.Seconds);
            BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(20), entry.Nanoseconds);
            BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(24), entry.ClockNanoseconds);
            BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(32), entry.StateSize <= uint.MaxValue ? (uint)entry.StateSize : 0);
            BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(36), KnownExtraBytes + entry.UnknownExtra.Length);
            BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(40), entry.StateSize);
            BinaryPrimitives.WriteInt64BigEndian(head.AsSpan(48), entry.DiskSize);
            BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(56), entry.InstructionCount);
            table.Write(head);
            table.Write(entry.UnknownExtra);
            table.Write(id);
            table.Write(name);
        }

        return table.ToArray();
    }
}
