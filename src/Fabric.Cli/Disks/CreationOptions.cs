using System.Text;
using Fabric.Disk;
using Fabric.Disk.Formats;

namespace Fabric.Cli.Disks;

/// <summary>What a new image is to be, as <c>create</c> and <c>convert</c> are told.</summary>
internal sealed class CreationOptions
{
    /// <summary>The order in which the line "Formatting …" names things, and what it says where nothing was given.</summary>
    private static readonly (string Name, string? Normal)[] Qcow2 =
    [
        ("cluster_size", "65536"), ("extended_l2", "off"), ("preallocation", null), ("compression_type", "zlib"), ("size", null), ("compat", null), ("backing_file", null),
        ("backing_fmt", null), ("data_file", null), ("data_file_raw", null), ("lazy_refcounts", "off"), ("refcount_bits", "16"), ("nocow", null),
    ];

    private readonly DiskFormat _format;
    private readonly Dictionary<string, string> _given;

    private CreationOptions(DiskFormat format, Dictionary<string, string> given)
    {
        _format = format;
        _given = given;
    }

    /// <summary>Virtual size in bytes, or null for the base's.</summary>
    public long? Size { get; set; }

    /// <summary>The base as it is to stand in the image, or null.</summary>
    public string? BasePath { get; private set; }

    /// <summary>The base's format, or null when not named.</summary>
    public string? BaseFormat { get; private set; }

    /// <summary>Do not look at the base.</summary>
    public bool Unchecked { get; set; }

    /// <summary>The format's own options.</summary>
    public IReadOnlyDictionary<string, string> FormatOptions => _given;

    /// <summary>Reads what was given.</summary>
    /// <param name="format">The format.</param>
    /// <param name="lists">The values of <c>-o</c>.</param>
    /// <param name="basePath">The value of <c>-b</c> or <c>-B</c>.</param>
    /// <param name="baseFormat">The value of <c>-F</c>.</param>
    public static CreationOptions Read(DiskFormat format, IEnumerable<string> lists, string? basePath, string? baseFormat)
    {
        Dictionary<string, string> given = [];
        foreach (string list in lists)
        {
            if (list.Length == 0 || list[0] == ',' || (list[^1] == ',' && !list.EndsWith(",,", StringComparison.Ordinal)))
                throw new DiskToolException($"Invalid option list: {list}");
            KeyValues.Read(list, given);
        }

        CreationOptions options = new(format, given);
        if (given.Remove("size", out string? size))
            options.Size = DiskSize.TryParse(size, out long bytes) ? bytes : throw new DiskToolException(SizeComplaint("size"));
        options.BasePath = basePath ?? given.GetValueOrDefault("backing_file");
        options.BaseFormat = baseFormat ?? given.GetValueOrDefault("backing_fmt");
        given.Remove("backing_file");
        given.Remove("backing_fmt");
        given.Remove("nocow");
        given.Remove("extent_size_hint");
        if (options.BasePath is { Length: 0 })
            throw new DiskToolException("Expected backing file name, got empty string");
        string? unknown = given.Keys.FirstOrDefault(name => !DiskImage.OptionsOf(format).Any(option => option.Name == name));
        if (unknown is not null)
            throw new DiskToolException($"Invalid parameter '{unknown}'");
        if (options.BasePath is not null && !DiskImage.HasBacking(format))
            throw new DiskToolException($"Backing file not supported for file format '{DiskImage.NameOf(format)}'");
        if (options.BaseFormat is { } name && !DiskImage.TryParseFormat(name, out _))
            throw new DiskToolException($"Unknown backing file format '{name}'");
        return options;
    }

    /// <summary>What is said about a size that is none.</summary>
    public static string SizeComplaint(string name) =>
        $"Parameter '{name}' expects a non-negative number below 2^64\nOptional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\nand exabytes, respectively.";

    /// <summary>Looks at the base: it must be there, its format must have been named, and its size is the new image's where none was given.</summary>
    public void LookAtBase(string path, DiskSession session)
    {
        if (BasePath is { } below && !Unchecked)
        {
            string full = Path.Combine(Path.GetDirectoryName(path) ?? "", below);
            try
            {
                if (DiskSession.Protocols.FirstOrDefault(protocol => protocol.Handles(below)) is { } remote)
                {
                    using IDisk disk = remote.Open(below, readOnly: true);
                    Size ??= disk.Length;
                    return;
                }

                if (Path.GetFullPath(full) == Path.GetFullPath(path))
                    throw new DiskToolException("Error: Trying to create an image with the same filename as the backing file");
                if (BaseFormat is null)
                    throw new DiskToolException($"Backing file specified without backing format\n{DetectedFormat(full, session)}");
                DiskImageInfo info = DiskImage.Inspect(full, DiskSession.Format(BaseFormat));
                Size ??= info.VirtualSize;
            }
            catch (DiskException e)
            {
                throw new DiskToolException($"{session.OpeningWords(e)}\nCould not open backing image.");
            }
        }

        if (Size is null)
            throw new DiskToolException("Image creation needs a size parameter");
    }

    private static string DetectedFormat(string path, DiskSession session) =>
        DiskImage.Recognise(path) is { } format ? $"Detected format of {DiskImage.NameOf(format)}."
        : session.IsQemuImg ? "Detected format of raw."
        : "Name it with -F: it has no magic number that is known, and a raw disk (-F raw) is never guessed.";

    /// <summary>The line "Formatting …".</summary>
    public string Describe(string path)
    {
        StringBuilder line = new($"Formatting '{path}', fmt={DiskImage.NameOf(_format)}");
        IEnumerable<(string Name, string? Normal)> order = _format == DiskFormat.Qcow2 ? Qcow2
            : [("size", null), ("backing_file", null), ("backing_fmt", null), .. DiskImage.OptionsOf(_format).Select(option => (option.Name, option.Default))];
        foreach ((string name, string? normal) in order)
        {
            string? value = name switch
            {
                "size" => $"{Size}",
                "backing_file" => BasePath,
                "backing_fmt" => BaseFormat,
                _ => _given.TryGetValue(name, out string? text) ? Shown(name, text) : normal,
            };
            if (value is not null)
                line.Append($" {name}={value}");
        }

        return line.ToString();
    }

    private string Shown(string name, string text)
    {
        ImageOption option = DiskImage.OptionsOf(_format).First(one => one.Name == name);
        if (option.Kind == "size")
            return DiskSize.TryParse(text, out long size) ? $"{size}" : throw new DiskToolException(SizeComplaint(name));
        if (option.Kind.StartsWith("bool", StringComparison.Ordinal))
            return text is "on" or "yes" or "true" or "y" ? "on" : text is "off" or "no" or "false" or "n" ? "off" : throw new DiskToolException($"Parameter '{name}' expects 'on' or 'off'");
        return text;
    }

    /// <summary>Makes the image, in the place of a file that exists.</summary>
    public void Create(string path) => DiskImage.Create(path, new DiskCreateOptions
    {
        Format = _format,
        Size = Size,
        BackingPath = BasePath,
        BackingFormat = DiskSession.Format(BaseFormat),
        FormatOptions = _given,
        Unchecked = Unchecked,
        Overwrite = true,
        Protocols = DiskSession.Protocols,
    });

    /// <summary>What <c>-o help</c> prints.</summary>
    public static string Help(DiskFormat format)
    {
        StringBuilder text = new("Supported options:\n");
        List<ImageOption> options = [.. DiskImage.OptionsOf(format), new("size", "size", "Virtual disk size")];
        if (DiskImage.HasBacking(format))
            options.AddRange([new("backing_file", "str", "File name of a base image"), new("backing_fmt", "str", "Image format of the base image")]);
        foreach (ImageOption option in options.OrderBy(option => option.Name, StringComparer.Ordinal))
            text.Append($"  {option.Name + "=<" + option.Kind + ">",-22} - {option.Description}{(option.Default is null ? "" : $" (default: {option.Default})")}\n");
        return text.ToString();
    }
}
