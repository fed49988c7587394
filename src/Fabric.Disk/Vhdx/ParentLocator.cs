using System.Buffers.Binary;
using System.Text;

namespace Fabric.Disk.Vhdx;

/// <summary>Where a differencing image's parent is and by what it is known ([MS-VHDX] 2.6.2.6).</summary>
/// <remarks>Windows separates folders with a backslash. A name given here with <c>/</c> is stored with backslashes in <c>relative_path</c>; an
/// absolute name of this host is stored as it is in <c>absolute_win32_path</c>, where Windows finds nothing it could use.</remarks>
internal sealed class ParentLocator
{
    private const int HeaderBytes = 20;
    private const int EntryBytes = 12;
    private const int MaxEntries = 256;
    private readonly Dictionary<string, string> _values;

    private ParentLocator(Dictionary<string, string> values) => _values = values;

    /// <summary>Names to try, best first, as names of this host.</summary>
    public IEnumerable<string> Names
    {
        get
        {
            if (_values.TryGetValue("relative_path", out string? relative))
                yield return Plain(relative.Replace('\\', '/'));
            foreach (string key in (string[])["volume_path", "absolute_win32_path"])
                if (_values.TryGetValue(key, out string? path))
                    yield return path.StartsWith('/') ? path : path[(path.LastIndexOfAny(['\\', '/']) + 1)..];
        }
    }

    /// <summary>The name to show.</summary>
    public string Name => Names.FirstOrDefault("");

    /// <summary>True when a disk with this data write GUID is the parent.</summary>
    public bool Links(Guid dataWrite) =>
        (_values.TryGetValue("parent_linkage", out string? linkage) && Guid.TryParse(linkage, out Guid known) && known == dataWrite)
        || (_values.TryGetValue("parent_linkage2", out string? second) && Guid.TryParse(second, out Guid other) && other == dataWrite);

    /// <summary>Makes a locator.</summary>
    /// <param name="name">The parent's name on this host, relative to the image's folder or absolute.</param>
    /// <param name="dataWrite">Its data write GUID.</param>
    public static ParentLocator For(string name, Guid dataWrite)
    {
        Dictionary<string, string> values = new() { ["parent_linkage"] = $"{{{dataWrite}}}" };
        if (name.StartsWith('/'))
            values["absolute_win32_path"] = name;
        else
            values["relative_path"] = (name.StartsWith("../", StringComparison.Ordinal) || name.StartsWith("./", StringComparison.Ordinal) ? name : $"./{name}").Replace('/', '\\');
        return new ParentLocator(values);
    }

    /// <summary>The same names with another data write GUID.</summary>
    public ParentLocator LinkedTo(Guid dataWrite)
    {
        Dictionary<string, string> values = new(_values) { ["parent_linkage"] = $"{{{dataWrite}}}" };
        values.Remove("parent_linkage2");
        return new ParentLocator(values);
    }

    private static string Plain(string name) => name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;

    /// <summary>Reads a locator.</summary>
    /// <param name="path">The image, for messages.</param>
    /// <param name="bytes">The item.</param>
    /// <param name="place">Its place in the file, for messages.</param>
    /// <exception cref="DiskException">It is of another type, or out of bounds.</exception>
    public static ParentLocator Decode(string path, ReadOnlySpan<byte> bytes, long place)
    {
        Guid type = new(bytes[..16]);
        if (type != VhdxFacts.VhdxLocator)
            throw new DiskException(path, $"its parent is of the type {type}; only a VHDX parent is known", place);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[18..]);
        if (count > MaxEntries || HeaderBytes + (count * EntryBytes) > bytes.Length)
            throw new DiskException(path, $"the parent locator's {count} entries do not fit into it", place + 18);
        Dictionary<string, string> values = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = bytes.Slice(HeaderBytes + (i * EntryBytes), EntryBytes);
            string key = Text(path, bytes, entry, 0, 8, place);
            values[key] = Text(path, bytes, entry, 4, 10, place);
        }

        return new ParentLocator(values);
    }

    private static string Text(string path, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> entry, int offsetAt, int lengthAt, long place)
    {
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(entry[offsetAt..]);
        int length = BinaryPrimitives.ReadUInt16LittleEndian(entry[lengthAt..]);
        if (offset > bytes.Length || offset + length > bytes.Length || (length & 1) != 0)
            throw new DiskException(path, "an entry of the parent locator does not lie inside it", place);
        return Encoding.Unicode.GetString(bytes.Slice((int)offset, length)).TrimEnd('\0');
    }

    /// <summary>Makes the item.</summary>
    public byte[] Encode()
    {
        int length = HeaderBytes + (_values.Count * EntryBytes);
        byte[] bytes = new byte[length + _values.Sum(pair => (pair.Key.Length + pair.Value.Length) * 2)];
        VhdxFacts.VhdxLocator.TryWriteBytes(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(18), (ushort)_values.Count);
        Span<byte> entry = bytes.AsSpan(HeaderBytes);
        foreach ((string key, string value) in _values)
        {
            BinaryPrimitives.WriteInt32LittleEndian(entry, length);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[8..], (ushort)(key.Length * 2));
            length += Encoding.Unicode.GetBytes(key, bytes.AsSpan(length));
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], length);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[10..], (ushort)(value.Length * 2));
            length += Encoding.Unicode.GetBytes(value, bytes.AsSpan(length));
            entry = entry[EntryBytes..];
        }

        return bytes;
    }
}
