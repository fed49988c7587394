using System.Buffers.Binary;

namespace Fabric.Disk.Qcow2.Check;

/// <summary>Counts what persistent bitmaps use (docs/interop/qcow2, "Bitmaps extension"), while the autoclear bit says that they are valid.</summary>
internal sealed class BitmapCheck(CheckContext check)
{
    private const int EntryBytes = 24;
    private const long MaxDirectory = 64L << 20;
    private const ulong OffsetMask = 0x00ff_ffff_ffff_fe00;
    private const ulong Reserved = 0xff00_0000_0000_01fe;

    /// <summary>Counts directory, tables and data.</summary>
    /// <returns>Why the check cannot go on, or null.</returns>
    public string? Count()
    {
        if ((check.Header.Autoclear & OtherFeatures.Bitmaps) == 0)
            return null;
        foreach (Qcow2Extension extension in check.Header.Extensions)
            if (extension.Type == Qcow2Extension.Bitmaps && extension.Length >= 24)
                return Count(check.Header.Bytes.Slice(extension.Offset, extension.Length));
        return null;
    }

    private string? Count(ReadOnlySpan<byte> extension)
    {
        long bytes = BinaryPrimitives.ReadInt64BigEndian(extension[8..]);
        long offset = BinaryPrimitives.ReadInt64BigEndian(extension[16..]);
        check.Count(offset, bytes);
        if (offset < 0 || bytes is < 0 or > MaxDirectory || offset > check.Store.Length - bytes)
            return Bad();
        byte[] directory = new byte[bytes];
        if (check.Store.Read(offset, directory) != DiskStatus.Ok)
            return Bad();
        for (long at = 0; at < bytes;)
        {
            if (at + EntryBytes > bytes)
                return Bad();
            ReadOnlySpan<byte> entry = directory.AsSpan((int)at, EntryBytes);
            if (CountBitmap(BinaryPrimitives.ReadInt64BigEndian(entry), BinaryPrimitives.ReadUInt32BigEndian(entry[8..])) is { } failure)
                return failure;
            at += (EntryBytes + BinaryPrimitives.ReadUInt16BigEndian(entry[18..]) + (long)BinaryPrimitives.ReadUInt32BigEndian(entry[20..]) + 7) & ~7L;
        }

        return null;
    }

    private string? CountBitmap(long offset, uint entries)
    {
        check.Count(offset, entries * 8L);
        if (offset < 0 || offset > check.Store.Length || entries * 8L > check.Store.Length - offset + check.ClusterSize || entries > 1 << 27)
            return Bad();
        foreach (ulong entry in check.Tree.Read(offset, (int)entries))
        {
            ulong place = entry & OffsetMask;
            if ((entry & Reserved) != 0 || place % (ulong)check.ClusterSize != 0 || (place != 0 && (entry & 1) != 0))
                check.Tally.Corruptions++;
            else if (place != 0)
                check.Count((long)place, check.ClusterSize);
        }

        return null;
    }

    private string Bad()
    {
        check.Tally.Corruptions++;
        return "Invalid argument";
    }
}
