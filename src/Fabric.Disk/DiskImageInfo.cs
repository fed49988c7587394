using System.Text.Json;

namespace Fabric.Disk;

/// <summary>What an image says about itself.</summary>
public sealed record DiskImageInfo
{
    /// <summary>The file as it was named.</summary>
    public required string FileName { get; init; }

    /// <summary>Its format.</summary>
    public required DiskFormat Format { get; init; }

    /// <summary>What a guest sees, in bytes.</summary>
    public required long VirtualSize { get; init; }

    /// <summary>What the file occupies on the host, in bytes.</summary>
    public required long ActualSize { get; init; }

    /// <summary>Cluster size in bytes, or null for raw.</summary>
    public int? ClusterSize { get; init; }

    /// <summary>The backing file as it stands in the image, or null.</summary>
    public string? BackingFileName { get; init; }

    /// <summary>The backing file's path, or null.</summary>
    public string? FullBackingFileName { get; init; }

    /// <summary>Format of the backing file as it stands in the image, or null.</summary>
    public string? BackingFormat { get; init; }

    /// <summary>The image was not closed properly; opening it for writing repairs it.</summary>
    public bool IsDirty { get; init; }

    /// <summary>Marked corrupt; opens for reading only.</summary>
    public bool IsCorrupt { get; init; }

    /// <summary>Internal snapshots, oldest first.</summary>
    public IReadOnlyList<DiskSnapshot> Snapshots { get; init; } = [];

    /// <summary>What only this format has: names in words, as shown to people (in JSON, blanks become hyphens); values are text,
    /// bool, long, a list of such pairs, or a list of lists of them. Empty for none.</summary>
    public IReadOnlyList<KeyValuePair<string, object>> Specific { get; init; } = [];

    /// <summary>The format's name as qemu-img writes it.</summary>
    public string FormatName => DiskImage.NameOf(Format);

    /// <summary>Writes one object with the keys of <c>qemu-img info --output=json</c>.</summary>
    /// <param name="writer">Where to.</param>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteNumber("virtual-size", VirtualSize);
        writer.WriteString("filename", FileName);
        if (ClusterSize is { } clusterSize)
            writer.WriteNumber("cluster-size", clusterSize);
        writer.WriteString("format", FormatName);
        writer.WriteNumber("actual-size", ActualSize);
        if (BackingFileName is not null)
        {
            writer.WriteString("backing-filename", BackingFileName);
            writer.WriteString("full-backing-filename", FullBackingFileName);
        }

        if (BackingFormat is not null)
            writer.WriteString("backing-filename-format", BackingFormat);
        if (Specific.Count > 0)
            WriteSpecific(writer);
        writer.WriteBoolean("dirty-flag", IsDirty);
        writer.WriteEndObject();
    }

    private void WriteSpecific(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("format-specific");
        writer.WriteString("type", FormatName);
        writer.WritePropertyName("data");
        WriteSection(writer, Specific);
        writer.WriteEndObject();
    }

    private static void WriteSection(Utf8JsonWriter writer, IReadOnlyList<KeyValuePair<string, object>> section)
    {
        writer.WriteStartObject();
        foreach ((string name, object value) in section)
        {
            writer.WritePropertyName(name.Replace(' ', '-'));
            WriteValue(writer, value);
        }

        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, object value)
    {
        switch (value)
        {
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case long number:
                writer.WriteNumberValue(number);
                break;
            case IReadOnlyList<KeyValuePair<string, object>> section:
                WriteSection(writer, section);
                break;
            case IReadOnlyList<IReadOnlyList<KeyValuePair<string, object>>> sections:
                writer.WriteStartArray();
                foreach (IReadOnlyList<KeyValuePair<string, object>> one in sections)
                    WriteSection(writer, one);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue((string)value);
                break;
        }
    }
}
