using System.Diagnostics;
using System.Text.Json;

namespace Fabric.SideBySide;

/// <summary>Serving a disk over NBD: <c>fabric disk serve</c>, <c>qemu-nbd</c> with io_uring and, over a raw copy, <c>nbdkit</c>; the server on
/// core 1, fio on core 0.</summary>
internal static class NbdComparison
{
    public const string Help = "[--rounds N] [--seconds N] [--folder DIR] [--cold DIR] [--only FIGURE]: serving a 1 GiB qcow2; with --cold, from a disk whose pages were dropped";

    private const string Size = "1g";

    private static readonly (string Figure, string[] Options)[] Warm =
    [
        ("4k randread QD1", ["--rw=randread", "--bs=4k", "--iodepth=1"]),
        ("4k randread QD32", ["--rw=randread", "--bs=4k", "--iodepth=32"]),
        ("4k randwrite QD32", ["--rw=randwrite", "--bs=4k", "--iodepth=32"]),
        ("256k read QD8", ["--rw=read", "--bs=256k", "--iodepth=8"]),
    ];

    private static readonly (string Figure, string[] Options)[] Cold =
    [
        ("4k randread QD1 cold", ["--rw=randread", "--bs=4k", "--iodepth=1"]),
        ("4k randread QD32 cold", ["--rw=randread", "--bs=4k", "--iodepth=32"]),
        ("256k read QD8 cold", ["--rw=read", "--bs=256k", "--iodepth=8"]),
    ];

    public static int Run(Arguments arguments)
    {
        string? cold = arguments.Text("cold");
        string parent = cold ?? arguments.Text("folder") ?? "/dev/shm";
        string folder = Directory.CreateDirectory(Path.Combine(parent, $"fabric-side-by-side-{Environment.ProcessId}")).FullName;
        try
        {
            Compare(new Setting(folder, cold is not null, arguments.Number("seconds", 3), arguments.Text("only") ?? ""), arguments.Number("rounds", 5));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Compare(Setting setting, int rounds)
    {
        setting.MakeImages();
        string socket = Path.Combine(setting.Folder, "s");
        List<Contestant> contestants =
        [
            new("fabric", () => setting.Measure(socket, "taskset", "-c", "1", Tool.Fabric, "disk", "serve", "-f", "qcow2", setting.Qcow2, "--socket", socket)),
            new("qemu-nbd io_uring", () => setting.Measure(
                socket, "taskset", "-c", "1", "qemu-nbd", "-t", "-f", "qcow2", "--aio=io_uring", "--cache=writeback", "--discard=unmap", "-e", "16", "-k", socket, setting.Qcow2)),
        ];
        if (Tool.Has("nbdkit"))
            contestants.Add(new("nbdkit raw file", () => setting.Measure(socket, "taskset", "-c", "1", "nbdkit", "-f", "-U", socket, "file", setting.Raw)));
        Comparison.Run(setting.IsCold ? $"NBD from {setting.Folder}, page cache dropped" : "NBD, everything cached", "requests a second", true, rounds, contestants);
    }

    private sealed record Setting(string Folder, bool IsCold, int Seconds, string Only)
    {
        public string Qcow2 => Path.Combine(Folder, "disk.qcow2");

        public string Raw => Path.Combine(Folder, "disk.raw");

        /// <summary>A disk without holes, of bytes that nobody can compress, in both formats.</summary>
        public void MakeImages()
        {
            byte[] piece = new byte[1 << 20];
            Random random = new(1);
            using (FileStream raw = File.Create(Raw))
            {
                for (int i = 0; i < 1024; i++)
                {
                    random.NextBytes(piece);
                    raw.Write(piece);
                }
            }

            Tool.Run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", Raw, Qcow2);
            Tool.Run("sync");
        }

        public Dictionary<string, double> Measure(string socket, params string[] server)
        {
            File.Delete(socket);
            Process process = Tool.Start(server);
            try
            {
                SpinWait.SpinUntil(() => File.Exists(socket) || process.HasExited);
                if (process.HasExited)
                    throw new InvalidOperationException($"{string.Join(' ', server)}: {process.StandardError.ReadToEnd()}");
                return (IsCold ? Cold : Warm).Where(run => run.Figure.Contains(Only, StringComparison.Ordinal)).ToDictionary(run => run.Figure, run => Rate(socket, run.Options));
            }
            finally
            {
                Tool.End(process);
            }
        }

        private double Rate(string socket, string[] options)
        {
            if (IsCold)
                DropPages();
            string[] fio =
            [
                "taskset", "-c", "0", "fio", "--name=x", "--ioengine=nbd", $"--uri=nbd+unix:///?socket={socket}", "--size=" + Size, "--randrepeat=0", "--output-format=json", .. options,
            ];
            // Cold, the first pass over the disk is what counts: it must not get warm while it is measured.
            string[] duration = IsCold ? [$"--runtime={Seconds}"] : ["--time_based", $"--runtime={Seconds}", "--ramp_time=1"];
            string output = Tool.Run([.. fio, .. duration]);
            using JsonDocument json = JsonDocument.Parse(output[output.IndexOf("\n{", StringComparison.Ordinal)..]);
            JsonElement job = json.RootElement.GetProperty("jobs")[0];
            return job.GetProperty("read").GetProperty("iops").GetDouble() + job.GetProperty("write").GetProperty("iops").GetDouble();
        }

        private void DropPages()
        {
            Tool.Run("sync");
            foreach (string file in (string[])[Qcow2, Raw])
                Tool.Run("dd", $"of={file}", "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none");
        }
    }
}
