using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Fabric.Disk.Formats;
using Fabric.Disk.Storage;

namespace Fabric.Disk.Vmdk;

/// <summary>Fills an empty file, and further ones beside it, with a new VMDK.</summary>
internal static class VmdkCreator
{
    private const long SplitBytes = 2L << 30;
    private const int GrainSectors = 128;
    private const int TableEntries = 512;
    private const int DescriptorSectors = 20;

    /// <summary>Writes the image.</summary>
    /// <param name="store">The empty file: the descriptor, or the only extent.</param>
    /// <param name="creation">What to make.</param>
    /// <exception cref="DiskException">An option does not fit, or something cannot be written.</exception>
    public static void Write(FileStore store, ImageCreation creation)
    {
        string type = creation.Options.Choice("subformat", "monolithicSparse", "monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "streamOptimized");
        bool flat = type.EndsWith("Flat", StringComparison.Ordinal);
        bool split = type.StartsWith("twoGb", StringComparison.Ordinal);
        bool zeroed = creation.Options.Flag("zeroed_grain", false);
        uint parent = ParentCid(creation, flat);
        List<string> lines = [];
        SparseHeader? only = null;
        if (!flat && !split)
        {
            only = NewHeader(creation.Path, creation.Size, DescriptorSectors, type == "streamOptimized", zeroed);
            lines.Add(Line(creation.Size, "SPARSE", Path.GetFileName(creation.Path)));
            WriteSparse(store, creation.Path, only);
        }

        for (long start = 0; only is null && start < creation.Size;)
        {
            long size = split ? Math.Min(SplitBytes, creation.Size - start) : creation.Size;
            string name = ExtentName(creation.Path, flat, split ? lines.Count + 1 : 0);
            FileStore extent = creation.CreateExtent(name);
            if (flat)
                Expect(creation.Path, extent.SetLength(size));
            else
                WriteSparse(extent, name, NewHeader(creation.Path, size, 0, compressed: false, zeroed));
            lines.Add(Line(size, flat ? "FLAT" : "SPARSE", name) + (flat ? " 0" : ""));
            start += size;
        }

        byte[] text = Encoding.UTF8.GetBytes(Describe(creation, type, parent, lines));
        if (only is not null && text.Length > DescriptorSectors * 512)
            throw new DiskException(creation.Path, "its descriptor would be too long; give shorter names");
        Expect(creation.Path, store.Write(only is null ? 0 : 512, text));
    }

    private static uint ParentCid(ImageCreation creation, bool flat)
    {
        if (creation.BackingName is not { } name)
            return VmdkDescriptor.NoParent;
        if (flat)
            throw new DiskException(creation.Path, "Flat image can't have backing file");
        if (name.AsSpan().IndexOfAny('"', '\n', '\r') >= 0)
            throw new DiskException(creation.Path, "the name of its parent has characters that a descriptor cannot hold");
        if (creation.Backing is not { Format: DiskFormat.Vmdk } parent)
            throw new DiskException(creation.Path, "the parent of a VMDK must be a VMDK, and must be there to be looked at");
        return (uint)(long)parent.Specific.First(pair => pair.Key == "cid").Value;
    }

    private static string Line(long size, string type, string name) => string.Create(CultureInfo.InvariantCulture, $"RW {size / 512} {type} \"{name}\"");

    private static string ExtentName(string path, bool flat, int number)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        string extension = Path.GetExtension(path);
        return number == 0 ? $"{name}-flat{extension}" : string.Create(CultureInfo.InvariantCulture, $"{name}-{(flat ? 'f' : 's')}{number:000}{extension}");
    }

    private static SparseHeader NewHeader(string path, long size, int descriptorSectors, bool compressed, bool zeroed)
    {
        long capacity = size / 512;
        SparseHeader header = new(
            compressed ? 3u : zeroed ? 2u : 1u,
            SparseHeader.NewLineTest | SparseHeader.HasRedundant | (compressed ? SparseHeader.CompressedGrains | SparseHeader.Markers : 0) | (zeroed ? SparseHeader.ZeroedGrains : 0),
            capacity, GrainSectors, descriptorSectors == 0 ? 0 : 1, descriptorSectors, TableEntries, 1 + descriptorSectors, 0, 0, compressed, AtEnd: false);
        if (capacity > uint.MaxValue - (uint.MaxValue / 1000))
            throw new DiskException(path, $"a sparse extent cannot be larger than 2 TiB; size {size} needs another subformat");
        long tables = header.DirectorySectors + (header.DirectoryEntries * (long)header.TableSectors);
        long directory = header.RedundantDirectory + tables;
        return header with { Directory = directory, Overhead = (directory + tables + GrainSectors - 1) & -GrainSectors };
    }

    private static void WriteSparse(FileStore store, string path, SparseHeader header)
    {
        Expect(path, store.Write(0, header.ToSector()));
        // Tables and descriptor are zero so far: the file's end says how far they go.
        Expect(path, store.WriteZeroes((header.Overhead * 512) - 512, 512, mayUnmap: false));
        foreach (long sector in (ReadOnlySpan<long>)[header.RedundantDirectory, header.Directory])
        {
            byte[] directory = new byte[header.DirectorySectors * 512];
            for (int i = 0; i < header.DirectoryEntries; i++)
                BinaryPrimitives.WriteUInt32LittleEndian(directory.AsSpan(i * 4), (uint)(sector + header.DirectorySectors + (i * (long)header.TableSectors)));
            Expect(path, store.Write(sector * 512, directory));
        }
    }

    private static string Describe(ImageCreation creation, string type, uint parent, List<string> extents)
    {
        OptionReader options = creation.Options;
        string adapter = options.Choice("adapter_type", "ide", "lsilogic", "buslogic", "legacyESX");
        string? hardware = options.Text("hwversion") is "undefined" ? null : options.Text("hwversion");
        if (options.Flag("compat6", false))
            hardware = hardware is null ? "6" : throw new DiskException(creation.Path, "compat6 cannot be enabled with hwversion set");
        string tools = options.Text("toolsversion") ?? "2147483647";
        if ((hardware + tools).Any(c => !char.IsAsciiLetterOrDigit(c)))
            throw new DiskException(creation.Path, "hwversion and toolsversion are numbers");
        // Heads as VMware's own tools count them.
        int heads = adapter == "ide" ? 16 : 255;
        StringBuilder text = new();
        text.Append("# Disk DescriptorFile\nversion=1\n");
        text.Append(CultureInfo.InvariantCulture, $"CID={RandomNumberGenerator.GetInt32(int.MaxValue):x8}\nparentCID={parent:x8}\ncreateType=\"{type}\"\n");
        if (creation.BackingName is { } name)
            text.Append(CultureInfo.InvariantCulture, $"parentFileNameHint=\"{name}\"\n");
        text.Append("\n# Extent description\n").AppendJoin('\n', extents).Append("\n\n# The Disk Data Base\n#DDB\n\n");
        text.Append(CultureInfo.InvariantCulture, $"ddb.virtualHWVersion = \"{hardware ?? "4"}\"\n");
        text.Append(CultureInfo.InvariantCulture, $"ddb.geometry.cylinders = \"{creation.Size / (63L * heads * 512)}\"\n");
        text.Append(CultureInfo.InvariantCulture, $"ddb.geometry.heads = \"{heads}\"\nddb.geometry.sectors = \"63\"\n");
        text.Append(CultureInfo.InvariantCulture, $"ddb.adapterType = \"{adapter}\"\nddb.toolsVersion = \"{tools}\"\n");
        return text.ToString();
    }

    private static void Expect(string path, DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(path, $"cannot be written: {status}");
    }
}
