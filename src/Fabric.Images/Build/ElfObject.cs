using System.Buffers.Binary;
using System.Text;

namespace Fabric.Images.Build;

/// <summary>The section headers of a 64-bit little-endian relocatable object (ELF-64 object file format, "Sections").</summary>
internal static class ElfObject
{
    public const int HeaderLength = 64;
    public const int SectionHeaderLength = 64;
    public const uint NoBits = 8;

    /// <summary>One section header.</summary>
    internal record struct SectionHeader(uint Name, uint Type, ulong Flags, ulong Address, int Offset, int Size, uint Link, uint Info, int Align, int EntrySize);

    /// <summary>All section headers.</summary>
    /// <exception cref="ImageException">The file is no such object, or cut short.</exception>
    public static SectionHeader[] ReadSections(ReadOnlySpan<byte> file, string path)
    {
        const ushort Relocatable = 1;
        if (file.Length < HeaderLength || !file[..6].SequenceEqual("\u007fELF\u0002\u0001"u8) || BinaryPrimitives.ReadUInt16LittleEndian(file[16..]) != Relocatable)
            throw Damaged(path);
        ulong at = BinaryPrimitives.ReadUInt64LittleEndian(file[40..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[60..]);
        if (at > (ulong)file.Length || (ulong)file.Length - at < (ulong)count * SectionHeaderLength)
            throw Damaged(path);
        SectionHeader[] sections = new SectionHeader[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = file.Slice((int)at + (i * SectionHeaderLength), SectionHeaderLength);
            ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
            ulong size = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            if (size > int.MaxValue || (type != NoBits && (offset > (ulong)file.Length || size > (ulong)file.Length - offset)))
                throw Damaged(path);
            sections[i] = new SectionHeader(
                BinaryPrimitives.ReadUInt32LittleEndian(header), type, BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(header[16..]), (int)Math.Min(offset, int.MaxValue), (int)size,
                BinaryPrimitives.ReadUInt32LittleEndian(header[40..]), BinaryPrimitives.ReadUInt32LittleEndian(header[44..]),
                (int)Math.Clamp(BinaryPrimitives.ReadUInt64LittleEndian(header[48..]), 1, 65536), (int)BinaryPrimitives.ReadUInt64LittleEndian(header[56..]));
        }

        return sections;
    }

    /// <summary>Content of the section of that name, or nothing.</summary>
    public static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> file, string name, string path)
    {
        SectionHeader[] sections = ReadSections(file, path);
        int names = BinaryPrimitives.ReadUInt16LittleEndian(file[62..]);
        if (names >= sections.Length)
            throw Damaged(path);
        foreach (SectionHeader section in sections)
        {
            if (section.Type != NoBits && NameAt(file.Slice(sections[names].Offset, sections[names].Size), section.Name, path).SequenceEqual(Encoding.ASCII.GetBytes(name)))
                return file.Slice(section.Offset, section.Size);
        }

        return [];
    }

    /// <summary>The string at an offset of a string table.</summary>
    public static ReadOnlySpan<byte> NameAt(ReadOnlySpan<byte> table, uint offset, string path)
    {
        if (offset >= table.Length)
            throw Damaged(path);
        ReadOnlySpan<byte> rest = table[(int)offset..];
        int end = rest.IndexOf((byte)0);
        return end < 0 ? throw Damaged(path) : rest[..end];
    }

    public static ImageException Damaged(string path) => new($"{path}: no kernel module that this program understands; pull the image again");
}
