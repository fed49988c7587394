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

    private static int Shift(int order, int index) => (index & ((1 << (3 - order)) - 1)) << order;
}
