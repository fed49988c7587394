using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fabric.Images;

/// <summary>What stands in an image's manifest.json: its files with their sums, and its packages. Written last, so that a directory with a
/// manifest is complete.</summary>
internal sealed record ImageManifest(
    string Name, string Version, string Cmdline, IReadOnlyDictionary<string, ImageManifest.Entry> Files, IReadOnlyDictionary<string, string> Packages,
    int Revision = 1)
{
    public const string FileName = "manifest.json";
    public const string KernelFile = "Image";
    public const string InitrdFile = "initrd";
    public const string DiskFile = "base.raw";

    /// <summary>Length in bytes and SHA-256 in lower-case hexadecimal.</summary>
    public sealed record Entry(long Size, string Sha256);

    public static ImageManifest Read(string directory)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            ImageManifest? manifest = JsonSerializer.Deserialize(File.ReadAllText(path), ManifestJson.Default.ImageManifest);
            if (manifest is { Name: not null, Version: not null, Cmdline: not null, Packages: not null, Files: not null }
                && new[] { KernelFile, InitrdFile, DiskFile }.All(manifest.Files.ContainsKey))
                return manifest;
            throw new ImageException($"{path}: the manifest is incomplete; pull the image again");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"{path}: the manifest cannot be read ({e.Message.Split('\n')[0]}); pull the image again", e);
        }
    }

    public void Write(string directory) =>
        File.WriteAllText(Path.Combine(directory, FileName), JsonSerializer.Serialize(this, ManifestJson.Default.ImageManifest));
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ImageManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
