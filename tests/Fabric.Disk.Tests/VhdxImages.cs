namespace Fabric.Disk.Tests;

/// <summary>Making VHDX images, and what QEMU says about them.</summary>
internal static class VhdxImages
{
    public static Dictionary<string, string> Options(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);

    public static void Create(string path, long size, string options, string? parent = null) =>
        DiskImage.Create(path, new DiskCreateOptions { Format = DiskFormat.Vhdx, Size = size, FormatOptions = Options(options), BackingPath = parent, BackingFormat = parent is null ? null : DiskFormat.Vhdx });

    /// <summary>qemu-img check finds nothing, and the content is the model's.</summary>
    public static void ExpectSound(string path, byte[] model)
    {
        Tools.Expect("/", "qemu-img", "check", "-f", "vhdx", path);
        string raw = path + ".model";
        File.WriteAllBytes(raw, model);
        Tools.Expect("/", "qemu-img", "compare", "-f", "vhdx", "-F", "raw", path, raw);
        File.Delete(raw);
    }
}
