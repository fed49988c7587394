using System.Globalization;

namespace Fabric.Disk.Vmdk;

/// <summary>An extent as a descriptor lists it: <c>RW 4194304 SPARSE "disk-s001.vmdk"</c>.</summary>
/// <param name="Sectors">Its size.</param>
/// <param name="Type">FLAT, VMFS or SPARSE.</param>
/// <param name="FileName">Its file, in the descriptor's folder.</param>
/// <param name="StartSector">Where a flat extent begins in its file.</param>
internal sealed record ExtentLine(long Sectors, string Type, string FileName, long StartSector)
{
    /// <summary>Largest number of sectors in a line, so that sums stay far from overflowing.</summary>
    public const long MaxSectors = 1L << 42;

    /// <summary>True for an extent whose bytes stand in its file as they are.</summary>
    public bool IsFlat => Type is "FLAT" or "VMFS";

    /// <summary>Reads a line.</summary>
    /// <param name="path">The image, for messages.</param>
    /// <param name="line">The line, known to begin with a word of access.</param>
    /// <exception cref="DiskException">It is no extent, or none of a supported kind.</exception>
    public static ExtentLine Parse(string path, string line)
    {
        string[] words = line.Split(' ', 4, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (words[0] != "RW")
            throw new DiskException(path, $"an extent of access {words[0]} is not supported (RW is)");
        if (words.Length < 3 || !long.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out long sectors) || sectors is < 1 or > MaxSectors)
            throw new DiskException(path, $"Invalid extent line: {Shown(line)}");
        if (words[2] is not ("FLAT" or "VMFS" or "SPARSE"))
            throw new DiskException(path, $"an extent of type {Shown(words[2])} is not supported (FLAT, VMFS and SPARSE are)");
        string rest = words.Length > 3 ? words[3] : "";
        int close = rest.Length > 1 && rest[0] == '"' ? rest.IndexOf('"', 1) : -1;
        long start = 0;
        string behind = close < 0 ? "" : rest[(close + 1)..].Trim();
        bool good = close > 1 && (words[2] == "FLAT" ? long.TryParse(behind, NumberStyles.None, CultureInfo.InvariantCulture, out start) : behind.Length == 0 || words[2] == "SPARSE");
        if (!good || start > MaxSectors)
            throw new DiskException(path, $"Invalid extent line: {Shown(line)}");
        return new ExtentLine(sectors, words[2], rest[1..close], start);
    }

    private static string Shown(string line) => new([.. line.Take(200).Select(c => char.IsControl(c) ? '?' : c)]);
}
