using System.Text;
using System.Text.Json;
using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary>An image as a command line names it: a file, "json:{…}", or options such as "driver=qcow2,file.filename=a.qcow2".</summary>
/// <param name="Text">As it was given, for messages.</param>
/// <param name="Path">The file.</param>
/// <param name="Format">Its format, or null when the name does not say.</param>
internal sealed record DiskName(string Text, string Path, DiskFormat? Format)
{
    private static readonly string[] Harmless = ["read-only", "auto-read-only", "discard", "detect-zeroes", "cache.direct", "cache.no-flush", "cache.writeback", "node-name", "force-share", "locking", "aio", "lazy-refcounts", "pass-discard-request", "pass-discard-snapshot", "pass-discard-other", "l2-cache-size", "l2-cache-entry-size", "refcount-cache-size", "cache-size", "cache-clean-interval", "overlap-check", "overlap-check.template"];

    /// <summary>Another process may write meanwhile: asked for by the name itself.</summary>
    public bool ForceShare { get; init; }

    /// <summary>Reads a name.</summary>
    /// <param name="text">The name.</param>
    /// <param name="isOptions">It is a list of options.</param>
    /// <param name="format">Format given beside it, or null.</param>
    /// <exception cref="DiskToolException">It is of a kind that is not known.</exception>
    public static DiskName Parse(string text, bool isOptions, DiskFormat? format)
    {
        if (isOptions)
        {
            if (format is not null)
                throw new DiskToolException("--image-opts and --format are mutually exclusive");
            Dictionary<string, string> options = [];
            KeyValues.Read(text, options);
            return FromOptions(text, options, null);
        }

        if (text.StartsWith("json:", StringComparison.Ordinal))
            return FromOptions(text, ReadJson(text), format);
        return new DiskName(text, PlainPath(text), format);
    }

    /// <summary>A file's name without the prefix "file:", which tells that a colon in it means nothing.</summary>
    public static string PlainPath(string text)
    {
        if (!text.StartsWith("file:", StringComparison.Ordinal) || text.StartsWith("file://", StringComparison.Ordinal))
            return text;
        string path = text[5..];
        int colon = path.IndexOf(':', StringComparison.Ordinal);
        return colon >= 0 && !path[..colon].Contains('/', StringComparison.Ordinal) ? "./" + path : path;
    }

    private static Dictionary<string, string> ReadJson(string text)
    {
        Dictionary<string, string> options = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(DoubleQuoted(text[5..]));
            Flatten(document.RootElement, "", options);
        }
        catch (JsonException e)
        {
            throw new DiskToolException($"Could not open '{text}': Could not parse the JSON options: {e.Message}");
        }

        return options;
    }

    /// <summary>QEMU's JSON has texts in single quotes, too: a shell likes them better.</summary>
    private static string DoubleQuoted(string json)
    {
        StringBuilder text = new();
        char quote = '\0';
        for (int i = 0; i < json.Length; i++)
        {
            char c = json[i];
            if (c == '\\' && quote != '\0' && i + 1 < json.Length)
                text.Append(json[++i] == '\'' ? "'" : $"\\{json[i]}");
            else if (c == '"' && quote == '\'')
                text.Append("\\\"");
            else
                text.Append(c == '\'' && quote != '"' ? '"' : c);
            if (c is '"' or '\'' && (quote == '\0' || quote == c))
                quote = quote == '\0' ? c : '\0';
        }

        return text.ToString();
    }

    private static void Flatten(JsonElement element, string prefix, Dictionary<string, string> options)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            options[prefix] = element.ValueKind switch { JsonValueKind.True => "on", JsonValueKind.False => "off", _ => element.ToString() };
            return;
        }

        foreach (JsonProperty member in element.EnumerateObject())
            Flatten(member.Value, prefix.Length == 0 ? member.Name : $"{prefix}.{member.Name}", options);
    }

    private static DiskName FromOptions(string text, Dictionary<string, string> options, DiskFormat? format)
    {
        string? driver = options.GetValueOrDefault("driver");
        string? path = options.GetValueOrDefault("file.filename") ?? options.GetValueOrDefault("file.file.filename");
        if (path is null && driver is null or "file")
        {
            path = options.GetValueOrDefault("filename");
            driver = driver is null ? null : "raw";
        }

        if (driver is not null && !DiskImage.TryParseFormat(driver, out _))
            throw new DiskToolException($"Could not open '{text}': Unknown driver '{driver}'");
        foreach ((string key, string value) in options)
        {
            string name = key.StartsWith("file.", StringComparison.Ordinal) ? key[5..] : key;
            bool isKnown = name switch
            {
                "driver" => name == key || value == "file",
                "filename" => true,
                _ => Harmless.Contains(name),
            };
            if (!isKnown)
                throw new DiskToolException($"Could not open '{text}': option '{key}={value}' is not supported; a file is named as driver=FORMAT,file.filename=FILE");
        }

        if (path is null)
            throw new DiskToolException($"Could not open '{text}': A block device must be specified for \"file\"");
        return new DiskName(text, path, DiskImage.TryParseFormat(driver, out DiskFormat found) ? found : format)
        {
            ForceShare = options.GetValueOrDefault("force-share") is "on" or "true",
        };
    }
}
