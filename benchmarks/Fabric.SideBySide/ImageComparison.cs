using System.Globalization;

namespace Fabric.SideBySide;

/// <summary>Operations on whole images against qemu-img's: start-up counts, as for whoever types them.</summary>
internal static class ImageComparison
{
    public const string ConvertHelp = "fabric disk convert against qemu-img, plain and compressed  [--rounds 5] [--mib 1024] [--folder /dev/shm]";
    public const string SnapshotHelp = "a snapshot inside a 100 GiB image, and deleting it, against qemu-img  [--rounds 9] [--folder /dev/shm]";
    public const string AllocateHelp = "first writes of 4 KiB to clusters of 64 KiB against qemu-img bench  [--rounds 3] [--writes 100000] [--folder /dev/shm]";

    private static readonly (string Figure, string[] Options, string From)[] Conversions =
    [
        ("qcow2 to raw", ["-f", "qcow2", "-O", "raw"], "disk.qcow2"),
        ("raw to qcow2", ["-f", "raw", "-O", "qcow2"], "disk.raw"),
        ("raw to qcow2, zlib", ["-f", "raw", "-O", "qcow2", "-c"], "text.raw"),
        ("raw to qcow2, zstd", ["-f", "raw", "-O", "qcow2", "-c", "-o", "compression_type=zstd"], "text.raw"),
        ("compressed to raw", ["-f", "qcow2", "-O", "raw"], "text.qcow2"),
    ];

    private static readonly string[] Depths = ["1", "16"];

    public static int Convert(Arguments arguments) => InFolder(arguments, folder =>
    {
        int mib = arguments.Number("mib", 1024);
        Fill(Path.Combine(folder, "disk.raw"), mib, compressible: false);
        Fill(Path.Combine(folder, "text.raw"), mib / 2, compressible: true);
        Tool.Run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", Path.Combine(folder, "disk.raw"), Path.Combine(folder, "disk.qcow2"));
        Tool.Run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", "-W", "-m", "16", Path.Combine(folder, "text.raw"), Path.Combine(folder, "text.qcow2"));
        Contestant[] contestants = [new("fabric", () => Times(Tool.Fabric, "disk")), new("qemu-img", () => Times("qemu-img"))];
        Comparison.Run($"convert of {mib} MiB ({mib / 2} MiB where compressed)", "seconds", false, arguments.Number("rounds", 5), contestants);

        Dictionary<string, double> Times(params string[] program) => Conversions.ToDictionary(one => one.Figure, one =>
        {
            string target = Path.Combine(folder, "target");
            File.Delete(target);
            return Tool.Time([.. program, "convert", .. one.Options, Path.Combine(folder, one.From), target]);
        });
    });

    public static int Snapshot(Arguments arguments) => InFolder(arguments, folder =>
    {
        foreach ((string title, string preallocation) in ((string, string)[])[("thin", "off"), ("all mapped", "metadata")])
        {
            string image = Path.Combine(folder, $"{preallocation}.qcow2");
            Tool.Run("qemu-img", "create", "-q", "-f", "qcow2", "-o", $"preallocation={preallocation}", image, "100G");
            Contestant[] contestants = [new("fabric", () => SnapshotTimes(image, Tool.Fabric, "disk")), new("qemu-img", () => SnapshotTimes(image, "qemu-img"))];
            Comparison.Run($"an internal snapshot of 100 GiB, {title}", "milliseconds", false, arguments.Number("rounds", 9), contestants);
        }
    });

    private static Dictionary<string, double> SnapshotTimes(string image, params string[] program)
    {
        double start = 1000 * Tool.Time([.. program, "info", image]);
        double create = 1000 * Tool.Time([.. program, "snapshot", "-c", "one", image]);
        double delete = 1000 * Tool.Time([.. program, "snapshot", "-d", "one", image]);
        return new()
        {
            ["start-up (info)"] = start,
            ["create"] = create,
            ["create over start-up"] = create - start,
            ["delete"] = delete,
            ["delete over start-up"] = delete - start,
        };
    }

    public static int Allocate(Arguments arguments) => InFolder(arguments, folder =>
    {
        string image = Path.Combine(folder, "thin.qcow2");
        string writes = arguments.Number("writes", 100_000).ToString(CultureInfo.InvariantCulture);
        Contestant[] contestants = [new("fabric", () => Times(Tool.Fabric, "disk")), new("qemu-img", () => Times("qemu-img"))];
        Comparison.Run($"{writes} first writes of 4 KiB", "seconds", false, arguments.Number("rounds", 3), contestants);

        Dictionary<string, double> Times(params string[] program) => Depths.ToDictionary(depth => $"{depth} at once", depth =>
        {
            Tool.Run("qemu-img", "create", "-q", "-f", "qcow2", image, "8G");
            return Tool.Time([.. program, "bench", "-q", "-f", "qcow2", "-w", "-c", writes, "-s", "4096", "-S", "65536", "-d", depth, "--pattern", "7", image]);
        });
    });

    private static int InFolder(Arguments arguments, Action<string> run)
    {
        string folder = Directory.CreateDirectory(Path.Combine(arguments.Text("folder") ?? "/dev/shm", $"fabric-side-by-side-{Environment.ProcessId}")).FullName;
        try
        {
            run(folder);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>A disk without holes: bytes that nobody can compress, or about half of them.</summary>
    private static void Fill(string path, int mib, bool compressible)
    {
        byte[] piece = new byte[1 << 20];
        Random random = new(1);
        using FileStream file = File.Create(path);
        for (int i = 0; i < mib; i++)
        {
            random.NextBytes(piece);
            for (int at = 0; compressible && at < piece.Length; at++)
                piece[at] = (byte)(at % 64 < 32 ? 'a' + (piece[at] & 15) : ' ');
            file.Write(piece);
        }
    }
}
