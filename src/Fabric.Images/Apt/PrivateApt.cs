using System.Text;

namespace Fabric.Images.Apt;

/// <summary>apt with a state of its own, for packages of any architecture: no privilege is needed, and nothing of the machine's own apt is
/// read but its mirror, its keys and its settings for downloading (proxies).</summary>
/// <remarks>Packages and indexes are verified by apt against the archive's signature; what does not verify is not used. Partial downloads
/// stay and are resumed.</remarks>
internal sealed class PrivateApt
{
    private const string MirrorVariable = "FABRIC_DEBIAN_MIRROR";
    private static readonly string[] s_keyrings = ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];
    private readonly string _root;
    private readonly Dictionary<string, string> _environment;
    private readonly TimeProvider _time;

    private PrivateApt(string root, TimeProvider time)
    {
        _root = root;
        _time = time;
        _environment = new() { ["APT_CONFIG"] = Path.Combine(root, "apt.conf") };
    }

    /// <summary>Where package files land.</summary>
    public string Archives => Path.Combine(_root, "cache", "archives");

    /// <summary>Prepares the directory for one architecture and suite.</summary>
    public static async Task<PrivateApt> CreateAsync(
        string root, string architecture, string suite, IEnumerable<string> absent, TimeProvider time, CancellationToken cancel)
    {
        (string mirror, string? keyring) = Choose(AptSourceList.FindDebian(AptSourceList.ReadAll("/etc/apt")), Environment.GetEnvironmentVariable(MirrorVariable));
        foreach (string directory in new[] { "etc", "state/lists/partial", "cache/archives/partial" })
            Directory.CreateDirectory(Path.Combine(root, directory));
        string option = keyring is null ? "" : $" signed-by={keyring}";
        await File.WriteAllTextAsync(Path.Combine(root, "etc/sources.list"), $"deb [arch={architecture}{option}] {mirror} {suite} main\n", cancel).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(root, "state/status"), StatusOf(absent, architecture), cancel).ConfigureAwait(false);
        ChildProcess.Outcome settings = await ChildProcess.RunAsync("apt-config", ["dump", "Acquire"], null, cancel).ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(root, "apt.conf"), Configuration(root, architecture, settings.Output), cancel).ConfigureAwait(false);
        return new PrivateApt(root, time);
    }

    /// <summary>The mirror and the keyring to use, or one line that says what is missing.</summary>
    public static (string Mirror, string? Keyring) Choose(AptSource? source, string? given)
    {
        string? keyring = new[] { source?.SignedBy }.Concat(s_keyrings).FirstOrDefault(File.Exists);
        bool hasTrusted = Directory.Exists("/etc/apt/trusted.gpg.d") && Directory.EnumerateFiles("/etc/apt/trusted.gpg.d", "debian-archive-*").Any();
        if (keyring is null && !hasTrusted)
            throw new ImageException("the keys that verify Debian's packages are missing: install the package debian-archive-keyring");
        string? mirror = string.IsNullOrWhiteSpace(given) ? source?.Uri : given.Trim();
        if (mirror is null || mirror.Any(char.IsWhiteSpace))
            throw new ImageException($"no Debian mirror in this machine's apt sources: set {MirrorVariable} to the address of one, as in {MirrorVariable}=http://MIRROR/debian");
        return (mirror, keyring);
    }

    /// <summary>Fetches the indexes.</summary>
    public async Task UpdateAsync(CancellationToken cancel)
    {
        ChildProcess.Outcome outcome = await RunAsync(["update", "-q", "-o", "APT::Update::Error-Mode=any"], cancel).ConfigureAwait(false);
        if (outcome.Status != 0)
            throw new ImageException($"the package index could not be fetched ({outcome.LastWords}): check the network, or set {MirrorVariable} to the address of another Debian mirror");
    }

    /// <summary>The packages that are wanted, with all they depend on.</summary>
    public async Task<IReadOnlyList<AptPackage>> ResolveAsync(IEnumerable<string> packages, CancellationToken cancel)
    {
        // Files that are complete already are not printed, so a fresh archive directory is named.
        string[] arguments = ["install", "--print-uris", "-qq", "--no-install-recommends", "-o", $"Dir::Cache::Archives={Path.Combine(_root, "none")}"];
        Directory.CreateDirectory(Path.Combine(_root, "none", "partial"));
        ChildProcess.Outcome outcome = await RunAsync([.. arguments, .. packages], cancel).ConfigureAwait(false);
        IReadOnlyList<AptPackage> list = AptPackage.ParseUris(outcome.Output);
        return outcome.Status == 0 && list.Count > 0 ? list : throw new ImageException($"apt cannot resolve the image's packages: {outcome.LastWords}");
    }

    /// <summary>Downloads what <see cref="ResolveAsync"/> named, going on where an earlier attempt stopped.</summary>
    public async Task DownloadAsync(IEnumerable<string> packages, IReadOnlyList<AptPackage> list, IProgress<ImageProgress>? progress, CancellationToken cancel)
    {
        using CancellationTokenSource watching = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task watch = WatchAsync(list, progress, watching.Token);
        string[] arguments = ["install", "--download-only", "-y", "-qq", "--no-install-recommends", "-o", "Acquire::Retries=3"];
        try
        {
            ChildProcess.Outcome outcome = await RunAsync([.. arguments, .. packages], cancel).ConfigureAwait(false);
            if (outcome.Status != 0)
                throw new ImageException($"a package could not be downloaded ({outcome.LastWords}): check the network and pull again, what has arrived is kept");
        }
        finally
        {
            await watching.CancelAsync().ConfigureAwait(false);
            await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Report(list, progress, 0);
    }

    /// <summary>Path of a downloaded package.</summary>
    public string PathOf(AptPackage package) => Path.Combine(Archives, package.FileName);

    internal static string StatusOf(IEnumerable<string> absent, string architecture)
    {
        StringBuilder status = new();
        foreach (string name in absent)
        {
            status.Append($"Package: {name}\nStatus: install ok installed\nVersion: 9999:1\nArchitecture: {architecture}\nMulti-Arch: foreign\n");
            status.Append(name == "mawk" ? "Provides: awk\n" : "").Append("Maintainer: none\nDescription: done without\n\n");
        }

        return status.ToString();
    }

    internal static string Configuration(string root, string architecture, string machine)
    {
        // How to download is the machine's business; whether to trust what came is not.
        IEnumerable<string> settings = machine.Split('\n').Where(line =>
            line.StartsWith("Acquire::", StringComparison.Ordinal) && !line.Contains("::Allow", StringComparison.OrdinalIgnoreCase)
            && !line.StartsWith("Acquire::Languages", StringComparison.Ordinal) && !line.StartsWith("Acquire::GzipIndexes", StringComparison.Ordinal));
        return $"""
            Dir "{root}";
            Dir::Etc "{root}/etc";
            Dir::Etc::sourcelist "{root}/etc/sources.list";
            Dir::Etc::sourceparts "/dev/null";
            Dir::Etc::main "/dev/null";
            Dir::Etc::parts "/dev/null";
            Dir::Etc::trusted "/etc/apt/trusted.gpg";
            Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";
            Dir::State "{root}/state";
            Dir::State::status "{root}/state/status";
            Dir::Cache "{root}/cache";
            APT::Architecture "{architecture}";
            APT::Architectures "{architecture}";
            APT::Sandbox::User "root";
            Acquire::Languages "none";

            """ + string.Join('\n', settings) + "\n";
    }

    // A pull that was killed leaves an apt-get behind, which goes on and holds its locks until it is done.
    private async Task<ChildProcess.Outcome> RunAsync(string[] arguments, CancellationToken cancel)
    {
        const int Patience = 240;
        for (int tries = 0; ; tries++)
        {
            ChildProcess.Outcome outcome = await ChildProcess.RunAsync("apt-get", arguments, _environment, cancel).ConfigureAwait(false);
            bool isLocked = outcome.Status != 0 && outcome.Error.Contains("ould not get lock", StringComparison.Ordinal);
            if (!isLocked || tries == Patience)
                return outcome;
            await Task.Delay(TimeSpan.FromMilliseconds(500), _time, cancel).ConfigureAwait(false);
        }
    }

    private async Task WatchAsync(IReadOnlyList<AptPackage> list, IProgress<ImageProgress>? progress, CancellationToken cancel)
    {
        const int Samples = 12;
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(250), _time);
        Queue<(long At, long Bytes)> recent = new();
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
        {
            recent.Enqueue((_time.GetTimestamp(), Arrived(list)));
            if (recent.Count > Samples)
                recent.Dequeue();
            (long at, long bytes) = recent.Peek();
            double seconds = _time.GetElapsedTime(at).TotalSeconds;
            Report(list, progress, seconds > 0 ? Math.Max(0, Arrived(list) - bytes) / seconds : 0);
        }
    }

    private void Report(IReadOnlyList<AptPackage> list, IProgress<ImageProgress>? progress, double rate) =>
        progress?.Report(new ImageProgress($"downloading {list.Count} packages", Arrived(list), list.Sum(p => p.Size), rate));

    private long Arrived(IReadOnlyList<AptPackage> list)
    {
        long sum = 0;
        foreach (AptPackage package in list)
        {
            FileInfo whole = new(PathOf(package));
            FileInfo part = new(Path.Combine(Archives, "partial", package.FileName));
            sum += whole.Exists ? whole.Length : part.Exists ? Math.Min(part.Length, package.Size) : 0;
        }

        return sum;
    }
}
