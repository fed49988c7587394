using System.Buffers.Binary;

namespace Fabric.Disk.Tests;

/// <summary>Seeded damage to the structures of a qcow2 file.</summary>
internal static class Qcow2Damage
{
    private static ulong Get(byte[] file, long at) => at >= 0 && at + 8 <= file.Length ? BinaryPrimitives.ReadUInt64BigEndian(file.AsSpan((int)at)) : 0;

    private static void Set(byte[] file, long at, ulong value)
    {
        if (at >= 0 && at + 8 <= file.Length)
            BinaryPrimitives.WriteUInt64BigEndian(file.AsSpan((int)at), value);
    }

    public static void Apply(byte[] file, Random random)
    {
        int bits = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(20));
        int l1Entries = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(36));
        long l1 = (long)Get(file, 40);
        long table = (long)Get(file, 48);
        long l1Entry = l1 + (random.Next(l1Entries) * 8);
        long l2 = (long)(Get(file, l1Entry) & 0x00fffffffffffe00);
        long l2Entry = l2 + (random.Next(1 << (bits - 3)) * 8);
        if (random.Next(2) == 0)
            l2Entry = l2 + (random.Next(8) * 8);
        // Earlier damage may have led it astray.
        long block = (long)Math.Min(Get(file, table), (ulong)file.Length - 512);
        switch (random.Next(12))
        {
            case 0:
                file[block + random.Next(200)] = (byte)random.Next(3);
                break;
            case 1:
                Set(file, l2Entry, Get(file, l2Entry) ^ (1UL << 63));
                break;
            case 2:
                Set(file, l1Entry, Get(file, l1Entry) ^ (1UL << 63));
                break;
            case 3:
                Set(file, l2Entry, (ulong)random.Next((file.Length >> bits) + 3) << bits);
                break;
            case 4:
                Set(file, l2Entry, Get(file, l2Entry) ^ (1UL << random.Next(64)));
                break;
            case 5:
                Set(file, l1Entry, Get(file, l1Entry) ^ (1UL << random.Next(9, 62)));
                break;
            case 6:
                Set(file, table, random.Next(3) == 0 ? 0 : Get(file, table) ^ (1UL << random.Next(40)));
                break;
            case 7:
                Set(file, table + 8, (ulong)random.Next((file.Length >> bits) + 5) << bits);
                break;
            case 8:
                Set(file, l2Entry, 0);
                break;
            case 9:
                Set(file, l1Entry, 0);
                break;
            case 10:
                Set(file, l2Entry, ((ulong)(uint)random.Next(file.Length) & ~511UL) | (1UL << 63) | (uint)random.Next(2));
                break;
            default:
                file.AsSpan((int)block, 40).Fill((byte)random.Next(3));
                break;
        }
    }
}
