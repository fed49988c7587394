namespace Fabric.Images.Apt;

/// <summary>A package file that apt has chosen.</summary>
/// <param name="FileName">Name in the archive directory, as in <c>libattr1_1%3a2.5.2-3_riscv64.deb</c>.</param>
/// <param name="Size">Bytes to download.</param>
internal sealed record AptPackage(string FileName, long Size)
{
    /// <summary>Name of the package.</summary>
    public string Name => FileName.Split('_')[0];

    /// <summary>Its version.</summary>
    public string Version => Uri.UnescapeDataString(FileName.Split('_')[1]);

    /// <summary>Reads <c>apt-get --print-uris</c>: <c>'URI' FILE SIZE SUM</c> a line.</summary>
    public static IReadOnlyList<AptPackage> ParseUris(string output)
    {
        List<AptPackage> packages = [];
        foreach (string line in output.Split('\n').Where(l => l.StartsWith('\'')))
        {
            string[] words = line[(line.IndexOf('\'', 1) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && words[0].Split('_').Length == 3 && long.TryParse(words[1], out long size))
                packages.Add(new AptPackage(words[0], size));
        }

        return packages;
    }
}
