using System.Globalization;
using System.Text;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>The text that describes a VMDK: in a file of its own, or inside a sparse extent.</summary>
internal sealed class VmdkDescriptor
{
    /// <summary>Longest descriptor that is read, in bytes.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>Most extents of an image.</summary>
    public const int MaxExtents = 4096;

    /// <summary>What stands for the CID of no parent.</summary>
    public const uint NoParent = 0xffffffff;

    private readonly FileStore _store;
    private readonly long _offset;
    private readonly long _room;
    private string _text;

    private VmdkDescriptor(FileStore store, long offset, long room, string text, bool isEmbedded)
    {
        _store = store;
        _offset = offset;
        _room = room;
        _text = text;
        Parse(isEmbedded);
    }

    /// <summary>The content's number: it changes when the disk is first written after opening.</summary>
    public uint Cid { get; private set; }

    /// <summary>The number that the parent's content had when this was made over it.</summary>
    public uint ParentCid { get; private set; } = NoParent;

    /// <summary>How the image is laid out: <c>monolithicSparse</c> and so on.</summary>
    public string CreateType { get; private set; } = "";

    /// <summary>The parent's file, or null.</summary>
    public string? ParentName { get; private set; }

    /// <summary>The extents, in the order of the disk; none in a descriptor inside its extent.</summary>
    public IReadOnlyList<ExtentLine> Extents { get; private set; } = [];

    /// <summary>Reads a descriptor in a file of its own.</summary>
    /// <exception cref="DiskException">It is too long or says too little.</exception>
    public static VmdkDescriptor ReadFile(FileStore store)
    {
        if (store.Length > MaxBytes)
            throw new DiskException(store.Path, $"a descriptor of {store.Length} bytes is too large (at most {MaxBytes})");
        return new VmdkDescriptor(store, 0, MaxBytes, ReadText(store, 0, (int)store.Length), isEmbedded: false);
    }

    /// <summary>Reads the descriptor inside a sparse extent.</summary>
    /// <exception cref="DiskException">There is none, it is too long or says too little.</exception>
    public static VmdkDescriptor ReadEmbedded(FileStore store, SparseHeader header)
    {
        // The footer of a stream has no descriptor of its own: it stands behind the header, as always.
        long sector = header.DescriptorSector == 0 && header.AtEnd ? 1 : header.DescriptorSector;
        long sectors = header.DescriptorSector == 0 && header.AtEnd ? 20 : header.DescriptorSectors;
        if (sector == 0 || sectors == 0)
            throw new DiskException(store.Path, "has no descriptor: it is a part of an image; open the file that describes the whole");
        if (sectors > MaxBytes / 512)
            throw new DiskException(store.Path, $"a descriptor of {sectors} sectors is too large (at most {MaxBytes / 512})", 36);
        return new VmdkDescriptor(store, sector * 512, sectors * 512, ReadText(store, sector * 512, (int)sectors * 512), isEmbedded: true);
    }

    /// <summary>Changes the content's number in the file.</summary>
    public DiskStatus WriteCid(uint cid)
    {
        string digits = cid.ToString("x8", CultureInfo.InvariantCulture);
        int start = LineStart("CID");
        int end = EndOfLine(start);
        int equals = _text.IndexOf('=', start);
        string value = _text[(equals + 1)..end].Trim();
        if (value.Length == digits.Length)
        {
            // Only the digits, in place: torn or not, the line stays one.
            int at = _text.IndexOf(value, equals, StringComparison.Ordinal);
            _text = _text.Remove(at, digits.Length).Insert(at, digits);
            Cid = cid;
            return _store.Write(_offset + at, Encoding.Latin1.GetBytes(digits));
        }

        DiskStatus status = Write(_text.Remove(start, end - start).Insert(start, "CID=" + digits));
        if (status == DiskStatus.Ok)
            Cid = cid;
        return status;
    }

    /// <summary>Names another parent in the file, or none.</summary>
    /// <param name="name">Its name, or null.</param>
    /// <param name="cid">Its content's number.</param>
    public DiskStatus WriteParent(string? name, uint cid)
    {
        StringBuilder lines = new();
        foreach (string line in _text.Split('\n'))
        {
            string key = KeyOf(line);
            if (key == "parentCID")
                lines.Append(CultureInfo.InvariantCulture, $"parentCID={cid:x8}\n");
            else if (key != "parentFileNameHint")
                lines.Append(line).Append('\n');
            if (key == "createType" && name is not null)
                lines.Append(CultureInfo.InvariantCulture, $"parentFileNameHint=\"{Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(name))}\"\n");
        }

        lines.Length--;
        return Write(lines.ToString());
    }

    private DiskStatus Write(string text)
    {
        if (text.Length > _room)
            return DiskStatus.NoSpace;
        byte[] bytes = new byte[_offset == 0 ? text.Length : Math.Max(text.Length, _text.Length)];
        Encoding.Latin1.GetBytes(text, bytes);
        DiskStatus status = _store.Write(_offset, bytes);
        if (status == DiskStatus.Ok && _offset == 0 && text.Length < _text.Length)
            status = _store.SetLength(text.Length);
        if (status == DiskStatus.Ok)
            _text = text;
        return status;
    }

    private static string ReadText(FileStore store, long offset, int length)
    {
        byte[] bytes = new byte[length];
        if (store.Read(offset, bytes) != DiskStatus.Ok)
            throw new DiskException(store.Path, "the descriptor cannot be read", offset);
        int end = bytes.AsSpan().IndexOf((byte)0);
        // One character a byte, so that places in the text are places in the file.
        return Encoding.Latin1.GetString(bytes, 0, end < 0 ? length : end);
    }

    private void Parse(bool isEmbedded)
    {
        List<ExtentLine> extents = [];
        bool hasCid = false;
        foreach (string raw in _text.Split('\n'))
        {
            string line = raw.Trim();
            if (line.StartsWith("RW ", StringComparison.Ordinal) || line.StartsWith("RDONLY ", StringComparison.Ordinal) || line.StartsWith("NOACCESS ", StringComparison.Ordinal))
            {
                // An embedded descriptor lists the extent that it stands in, under whatever name and access that had once.
                if (isEmbedded)
                    continue;
                if (extents.Count >= MaxExtents)
                    throw new DiskException(_store.Path, $"has more than {MaxExtents} extents");
                ExtentLine extent = ExtentLine.Parse(_store.Path, line);
                extents.Add(extent with { FileName = Utf8(extent.FileName) });
                continue;
            }

            string value = line[Math.Min(line.Length, line.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim().Trim('"');
            switch (KeyOf(line))
            {
                case "CID":
                    hasCid = true;
                    Cid = Number(value);
                    break;
                case "parentCID":
                    ParentCid = Number(value);
                    break;
                case "createType":
                    CreateType = value;
                    break;
                case "parentFileNameHint":
                    ParentName = Utf8(value);
                    break;
            }
        }

        if (!hasCid)
            throw new DiskException(_store.Path, "its descriptor has no CID: it is no VMDK descriptor, or a damaged one", _offset);
        Extents = extents;
    }

    private uint Number(string value) => uint.TryParse(value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number)
        ? number
        : throw new DiskException(_store.Path, "its descriptor has a CID that is no hexadecimal number", _offset);

    private static string KeyOf(string line)
    {
        int equals = line.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? "" : line[..equals].Trim();
    }

    private int LineStart(string key)
    {
        int at = 0;
        while (KeyOf(_text[at..EndOfLine(at)]) != key)
            at = EndOfLine(at) + 1;
        return at;
    }

    private int EndOfLine(int from)
    {
        int end = _text.IndexOf('\n', from);
        return end < 0 ? _text.Length : end;
    }

    private static string Utf8(string latin) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(latin));
}
