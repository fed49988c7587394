using System.Buffers.Binary;

namespace Fabric.Disk.Qcow2;

/// <summary>Reads and writes entries of a refcount block: 2^order bits each, big-endian; below a byte the least significant bits come first.</summary>
internal static class RefcountWidth
{
    /// <summary>Largest count an entry of this order can hold.</summary>
    public static ulong Max(int order) => order == 6 ? ulong.MaxValue : (1UL << (1 << order)) - 1;

    public static ulong Get(ReadOnlySpan<byte> block, int order, int index) => order switch
    {
        < 3 => (ulong)(block[index >> (3 - order)] >> Shift(order, index)) & Max(order),
        3 => block[index],
        4 => BinaryPrimitives.ReadUInt16BigEndian(block[(index * 2)..]),
        5 => BinaryPrimitives.ReadUInt32BigEndian(block[(index * 4)..]),
        _ => BinaryPrimitives.ReadUInt64BigEndian(block[(index * 8)..]),
    };

    public static void Set(Span<byte> block, int order, int index, ulong value)
    {
        switch (order)
        {
            case < 3:
                ref byte cell = ref block[index >> (3 - order)];
                int shift = Shift(order, index);
                cell = (byte)((cell & ~((int)Max(order) << shift)) | ((int)value << shift));
                break;
            case 3:
                block[index] = (byte)value;
                break;
            case 4:
                BinaryPrimitives.WriteUInt16BigEndian(block[(index * 2)..], (ushort)value);
                break;
            case 5:
                BinaryPrimitives.WriteUInt32BigEndian(block[(index * 4)..], (uint)value);
                break;
            default:
                BinaryPrimitives.WriteUInt64BigEndian(block[(index * 8)..], value);
                break;
        }
    }

    /// <summary>Tells how many entries, from one on, are equal.</summary>
    /// <param name="block">The block, or a piece of one.</param>
    /// <param name="order">Width of an entry as a power of two.</param>
    /// <param name="first">Index of the first entry.</param>
    /// <param name="most">Entries to look at, at least 1; all of them in the block.</param>
    public static int Alike(ReadOnlySpan<byte> block, int order, int first, int most)
    {
        if (order >= 3)
        {
            int bytes = 1 << (order - 3);
            return Alike(block.Slice(first * bytes, most * bytes), bytes) / bytes;
        }

        int length = 1;
        while (length < most && Get(block, order, first + length) == Get(block, order, first))
            length++;
        return length;
    }

    /// <summary>How many bytes repeat the first entry: where what stands there and what stands one entry later are equal.</summary>
    private static int Alike(ReadOnlySpan<byte> entries, int bytes)
    {
        int equal = entries[bytes..].CommonPrefixLength(entries[..^bytes]);
        return bytes + (equal & -bytes);
    }

    /// <summary>Gives neighbouring entries one value.</summary>
    /// <param name="block">The block, or a piece of one.</param>
    /// <param name="order">Width of an entry as a power of two.</param>
    /// <param name="first">Index of the first entry.</param>
    /// <param name="length">Their number, at least 1; all of them in the block.</param>
    /// <param name="value">The value; it fits.</param>
    public static void Fill(Span<byte> block, int order, int first, int length, ulong value)
    {
        if (order < 3)
        {
            for (int i = first; i < first + length; i++)
                Set(block, order, i, value);
            return;
        }

        Set(block, order, first, value);
        int bytes = 1 << (order - 3);
        Span<byte> entries = block.Slice(first * bytes, length * bytes);
        for (int done = bytes; done < entries.Length; done *= 2)
            entries[..Math.Min(done, entries.Length - done)].CopyTo(entries[done..]);
    }

    private static int Shift(int order, int index) => (index & ((1 << (3 - order)) - 1)) << order;
}
