using System.Text;

namespace Fabric.Images.Build;

/// <summary>A kernel module and what its .modinfo section says.</summary>
/// <param name="Path">Path below the version's directory, without the compression's suffix, as in <c>kernel/fs/ext4/ext4.ko</c>.</param>
/// <param name="Content">The module as it is loaded.</param>
/// <param name="Depends">Names of the modules it needs.</param>
/// <param name="Aliases">Names it may be asked for by.</param>
internal sealed record KernelModule(string Path, byte[] Content, IReadOnlyList<string> Depends, IReadOnlyList<string> Aliases)
{
    /// <summary>Name as the kernel has it: of the file, with underscores.</summary>
    public string Name => NameOf(Path);

    /// <summary>Name of the module in a file, with or without compression.</summary>
    public static string NameOf(string path) => System.IO.Path.GetFileName(path).Split(".ko")[0].Replace('-', '_');

    /// <summary>Reads an uncompressed module and drops what only costs loading time.</summary>
    public static KernelModule Read(string path, byte[] file)
    {
        byte[] content = ModuleTrimmer.Trim(file, path);
        string[] info = [.. Encoding.UTF8.GetString(ElfObject.Section(content, ".modinfo", path)).Split('\0')];
        IEnumerable<string> Values(string key) => info.Where(i => i.StartsWith(key, StringComparison.Ordinal)).Select(i => i[key.Length..]);
        string[] depends = [.. Values("depends=").SelectMany(d => d.Split(',', StringSplitOptions.RemoveEmptyEntries)).Select(NameOf)];
        return new KernelModule(path, content, depends, [.. Values("alias=")]);
    }
}
