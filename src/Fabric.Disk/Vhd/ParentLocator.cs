using System.Buffers.Binary;
using System.Text;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vhd;

/// <summary>A name of the parent in the header of a differencing disk (VHD specification, "Parent Locator Entry").</summary>
/// <param name="Platform">What kind of name it is.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Offset">Where it stands in the file.</param>
internal readonly record struct ParentLocator(uint Platform, uint Length, long Offset)
{
    /// <summary>"W2ru": a name relative to the child, in UTF-16.</summary>
    public const uint Relative = 0x57327275;

    /// <summary>"W2ku": an absolute name, in UTF-16.</summary>
    public const uint Absolute = 0x57326b75;

    /// <summary>Longest name, in bytes.</summary>
    public const int Room = 4096;

    /// <summary>The parent's name as it may be followed here: that relative to the child, else an absolute one of this kind of host, else the bare
    /// name of the file, which is looked for beside the child. Null when there is none.</summary>
    public static string? ReadName(FileStore store, VhdHeader header)
    {
        string? relative = null;
        string? absolute = null;
        foreach (ParentLocator locator in header.Locators)
        {
            if (locator.Platform == Relative)
                relative ??= locator.Read(store);
            else if (locator.Platform == Absolute)
                absolute ??= locator.Read(store);
        }

        string name = relative ?? (absolute is ['/', ..] ? absolute : Path.GetFileName(absolute ?? header.ParentName));
        while (name.StartsWith("./", StringComparison.Ordinal))
            name = name[2..];
        return name.Length == 0 ? null : name;
    }

    private string? Read(FileStore store)
    {
        if (Length is 0 or > Room || Offset < 0 || Offset > store.Length - Length)
            return null;
        byte[] bytes = new byte[Length & ~1u];
        if (store.Read(Offset, bytes) != DiskStatus.Ok)
            return null;
        string name = Slashes(Encoding.Unicode.GetString(bytes));
        return name.Length == 0 ? null : name;
    }

    /// <summary>A name of Windows as one of here, up to a terminating zero.</summary>
    public static string Slashes(string name)
    {
        int end = name.IndexOf('\0', StringComparison.Ordinal);
        return (end < 0 ? name : name[..end]).Replace('\\', '/');
    }

    /// <summary>A name of here as it stands in an image.</summary>
    /// <param name="path">The image, for messages.</param>
    /// <param name="name">The name.</param>
    /// <param name="platform">Its kind.</param>
    /// <exception cref="DiskException">It does not fit.</exception>
    public static byte[] Encode(string path, string name, out uint platform)
    {
        bool absolute = name.StartsWith('/');
        platform = absolute ? Absolute : Relative;
        byte[] bytes = Encoding.Unicode.GetBytes(absolute ? name : ".\\" + name.Replace('/', '\\'));
        if (bytes.Length > Room || name.Contains('\\', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal))
            throw new DiskException(path, $"the parent's name \"{name}\" cannot stand in a VHD: it is too long or has a backslash");
        return bytes;
    }

    /// <summary>Reads one of a header's entries.</summary>
    public static ParentLocator Parse(ReadOnlySpan<byte> entry) => new(
        BinaryPrimitives.ReadUInt32BigEndian(entry), BinaryPrimitives.ReadUInt32BigEndian(entry[8..]), BinaryPrimitives.ReadInt64BigEndian(entry[16..]));

    /// <summary>Writes it as one of a header's entries.</summary>
    public void Write(Span<byte> entry)
    {
        BinaryPrimitives.WriteUInt32BigEndian(entry, Platform);
        // Bytes, as Microsoft's own tools write it, where the specification says sectors.
        BinaryPrimitives.WriteUInt32BigEndian(entry[4..], (Length + 511) & ~511u);
        BinaryPrimitives.WriteUInt32BigEndian(entry[8..], Length);
        BinaryPrimitives.WriteInt64BigEndian(entry[16..], Offset);
    }
}
