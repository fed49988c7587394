using System.Security.Cryptography;
using System.Text;
using Fabric.Images.Apt;
using Fabric.Images.Build;

namespace Fabric.Images;

/// <summary>The guest images on this machine: pulls them, finds them, checks them, removes them.</summary>
/// <remarks>
/// <para>An image is a kernel, an initramfs and a root disk, made here from the packages of a distribution: apt fetches and verifies the
/// packages with a state of its own (<see cref="PrivateApt"/>), <see cref="GuestBuilder"/> puts them together. Nothing needs privilege, and
/// nothing outside the cache is written:</para>
/// <code>
///   $XDG_CACHE_HOME/fabric/images/            (~/.cache when not set)
///       debian-riscv64/
///           current                           names the version to use
///           6.12.107-1-1f2e3d4c/              never changed once it has its manifest
///               Image  initrd  base.raw  manifest.json
///           .lock                             held by the one process that pulls
///           .work/                            half-made; removed by the next pull
///           .apt/                             indexes and packages of a pull under way; partial files are resumed
/// </code>
/// <para>A pull makes a new version in .work and renames it into place, so that a killed pull leaves the old version, or none, and never a
/// half one. Older versions stay, because overlays may stand on them, until the image is removed. The same packages give the same version.</para>
/// <para>Finding an image compares names and lengths; <see cref="VerifyAsync"/> compares contents with the manifest's sums.</para>
/// </remarks>
public sealed class ImageStore
{
    private readonly string _root;
    private readonly TimeProvider _time;

    /// <summary>Opens the store in the user's cache directory, or elsewhere.</summary>
    /// <param name="root">Directory of the store; null takes <c>$XDG_CACHE_HOME/fabric/images</c>, or <c>~/.cache/fabric/images</c>.</param>
    /// <param name="time">Clock for progress and for waiting.</param>
    public ImageStore(string? root = null, TimeProvider? time = null)
    {
        _root = Path.GetFullPath(root ?? DefaultRoot());
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Names that can be pulled.</summary>
    public static IReadOnlyList<string> Catalogue { get; } = [.. ImageRecipe.Catalogue.Select(r => r.Name)];

    /// <summary>Directory of the store.</summary>
    public string Root => _root;

    /// <summary>Obtains an image, or brings it up to date; returns the present one when nothing is newer. Two pulls of one image take turns.</summary>
    /// <param name="name">Name in the catalogue.</param>
    /// <param name="progress">Told of each stage, and of downloads four times a second.</param>
    /// <param name="cancellationToken">Ends the tools at work; what was downloaded is kept for the next pull.</param>
    /// <exception cref="ImageException">Unknown name, no network, no apt, no room.</exception>
    public async Task<GuestImage> PullAsync(string name, IProgress<ImageProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ImageRecipe recipe = RecipeOf(name);
        string home = Path.Combine(_root, name);
        try
        {
            Directory.CreateDirectory(home);
            using FileStream turn = await LockAsync(home, progress, cancellationToken).ConfigureAwait(false);
            return await PullLockedAsync(recipe, home, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"{home}: the image could not be written: {e.Message}", e);
        }
    }

    /// <summary>The image of that name; null when it was never pulled.</summary>
    /// <param name="name">Name in the catalogue.</param>
    /// <exception cref="ImageException">Unknown name, or a file is missing or has another length.</exception>
    public GuestImage? Find(string name)
    {
        string pointer = Path.Combine(_root, RecipeOf(name).Name, "current");
        if (!File.Exists(pointer))
            return null;
        string version = File.ReadAllText(pointer).Trim();
        if (version.Length == 0 || version.Contains('/', StringComparison.Ordinal) || version.StartsWith('.'))
            throw new ImageException($"{pointer}: names no version; run: fabric image pull {name}");
        return Open(name, Path.Combine(_root, name, version));
    }

    /// <summary>The version of an image that a root disk belongs to. An overlay made over it holds that version's modules and agent, so it
    /// boots with that version's kernel, also after a pull has brought a newer one.</summary>
    /// <param name="name">Name in the catalogue.</param>
    /// <param name="baseDisk">Absolute path of the root disk.</param>
    /// <returns>Null when the disk is none of this image's versions.</returns>
    /// <exception cref="ImageException">Unknown name, or a file of that version is missing or has another length.</exception>
    public GuestImage? FindByBaseDisk(string name, string baseDisk)
    {
        string version = Path.GetDirectoryName(baseDisk) ?? "";
        bool isOurs = Path.GetDirectoryName(version) == Path.Combine(_root, RecipeOf(name).Name) && Path.GetFileName(baseDisk) == ImageManifest.DiskFile;
        return isOurs ? Open(name, version) : null;
    }

    /// <summary>All images that were pulled, damaged ones left out.</summary>
    public IReadOnlyList<GuestImage> List()
    {
        List<GuestImage> images = [];
        foreach (string name in Catalogue)
        {
            try
            {
                if (Find(name) is { } image)
                    images.Add(image);
            }
            catch (ImageException)
            {
                continue; // Find says what is wrong with it to whoever wants that image.
            }
        }

        return images;
    }

    /// <summary>Removes an image with all its versions, and what an interrupted pull has left. Overlays over its disk become useless.</summary>
    /// <param name="name">Name in the catalogue.</param>
    /// <returns>False when there was nothing.</returns>
    /// <exception cref="ImageException">Unknown name, or a pull is under way.</exception>
    public bool Remove(string name)
    {
        string home = Path.Combine(_root, RecipeOf(name).Name);
        if (!Directory.Exists(home))
            return false;
        using FileStream turn = TryLock(home) ?? throw new ImageException($"{home}: the image is being pulled; wait for that or end it");
        File.Delete(Path.Combine(home, "current"));
        Directory.Delete(home, recursive: true);
        return true;
    }

    /// <summary>Compares an image's files with the sums in its manifest.</summary>
    /// <param name="image">The image.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ImageException">A file is missing or differs.</exception>
    public static async Task VerifyAsync(GuestImage image, CancellationToken cancellationToken = default)
    {
        Open(image.Name, image.Directory);
        foreach ((string file, ImageManifest.Entry entry) in ImageManifest.Read(image.Directory).Files)
        {
            string path = Path.Combine(image.Directory, Path.GetFileName(file));
            if (await SumAsync(path, cancellationToken).ConfigureAwait(false) != entry.Sha256)
                throw new ImageException($"{path}: differs from what was pulled; run: fabric image rm {image.Name}, then fabric image pull {image.Name}");
        }
    }

    private static string DefaultRoot()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache) || !Path.IsPathRooted(cache))
            cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache");
        return Path.Combine(cache, "fabric", "images");
    }

    private static ImageRecipe RecipeOf(string name) =>
        ImageRecipe.Catalogue.FirstOrDefault(r => r.Name == name)
        ?? throw new ImageException($"{name}: no such image; the catalogue has {string.Join(", ", Catalogue)}");

    private static GuestImage Open(string name, string directory)
    {
        string again = $"run: fabric image pull {name}";
        if (!Directory.Exists(directory))
            throw new ImageException($"{directory}: the image is missing; {again}");
        ImageManifest manifest = ImageManifest.Read(directory);
        foreach ((string file, ImageManifest.Entry entry) in manifest.Files)
        {
            FileInfo info = new(Path.Combine(directory, Path.GetFileName(file)));
            if (!info.Exists)
                throw new ImageException($"{info.FullName}: missing; {again}");
            if (info.Length != entry.Size)
                throw new ImageException($"{info.FullName}: has {info.Length} bytes instead of {entry.Size}; {again}");
        }

        return new GuestImage
        {
            Name = name,
            Version = manifest.Version,
            Directory = directory,
            Kernel = Path.Combine(directory, ImageManifest.KernelFile),
            Initrd = Path.Combine(directory, ImageManifest.InitrdFile),
            BaseDisk = Path.Combine(directory, ImageManifest.DiskFile),
            Cmdline = manifest.Cmdline,
            Packages = manifest.Packages,
            HasDhcpClient = manifest.Revision >= ImageRecipe.FirstWithDhcp,
        };
    }

    private static async Task<string> SumAsync(string path, CancellationToken cancel)
    {
        await using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, useAsync: false);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancel).ConfigureAwait(false));
    }

    private static FileStream? TryLock(string home)
    {
        try
        {
            return new FileStream(Path.Combine(home, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
        {
            return null;
        }
    }

    private static string VersionOf(ImageRecipe recipe, IReadOnlyList<AptPackage> packages)
    {
        string kernel = packages.Where(p => p.Name.StartsWith("linux-image-", StringComparison.Ordinal)).MaxBy(p => p.Size)?.Version ?? "0";
        string all = string.Join('\n', packages.Select(p => p.FileName).Order(StringComparer.Ordinal).Prepend($"{recipe.Cmdline} {recipe.DiskSize} {ImageRecipe.Revision} {RecipeDigest()}"));
        string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..8];
        return $"{string.Concat(kernel.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '+' ? c : '_'))}-{digest}";
    }

    // What this assembly adds (its own files for the guest) belongs to the version as the packages do.
    private static string RecipeDigest()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string resource in typeof(ImageStore).Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            using Stream stream = typeof(ImageStore).Assembly.GetManifestResourceStream(resource)!;
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private async Task<FileStream> LockAsync(string home, IProgress<ImageProgress>? progress, CancellationToken cancel)
    {
        FileStream? turn;
        while ((turn = TryLock(home)) is null)
        {
            progress?.Report(new ImageProgress("waiting for another pull of this image", 0, 0, 0));
            await Task.Delay(TimeSpan.FromMilliseconds(200), _time, cancel).ConfigureAwait(false);
        }

        return turn;
    }

    private async Task<GuestImage> PullLockedAsync(ImageRecipe recipe, string home, IProgress<ImageProgress>? progress, CancellationToken cancel)
    {
        void Stage(string text) => progress?.Report(new ImageProgress(text, 0, 0, 0));
        Stage("reading the package index");
        PrivateApt apt = await PrivateApt.CreateAsync(Path.Combine(home, ".apt"), recipe.Architecture, recipe.Suite, recipe.Absent, _time, cancel).ConfigureAwait(false);
        await apt.UpdateAsync(cancel).ConfigureAwait(false);
        IReadOnlyList<AptPackage> packages = await apt.ResolveAsync(recipe.Packages, cancel).ConfigureAwait(false);
        string version = VersionOf(recipe, packages);
        string final = Path.Combine(home, version);
        if (!await IsWholeAsync(recipe.Name, final, cancel).ConfigureAwait(false))
        {
            await apt.DownloadAsync(recipe.Packages, packages, progress, cancel).ConfigureAwait(false);
            HostTools? tools = HostTools.Find();
            if (tools is null)
            {
                Stage("fetching e2fsprogs and xz-utils for this machine");
                tools = await HostTools.FetchAsync(Path.Combine(home, ".apt", "tools"), recipe, _time, cancel).ConfigureAwait(false);
            }

            await MakeAsync(recipe, apt, packages, version, home, tools, Stage, cancel).ConfigureAwait(false);
        }

        string pointer = Path.Combine(home, "current");
        await File.WriteAllTextAsync(pointer + ".new", version + "\n", cancel).ConfigureAwait(false);
        File.Move(pointer + ".new", pointer, overwrite: true);
        Directory.Delete(Path.Combine(home, ".apt"), recursive: true);
        Stage("ready");
        return Open(recipe.Name, final);
    }

    private static async Task<bool> IsWholeAsync(string name, string directory, CancellationToken cancel)
    {
        if (!File.Exists(Path.Combine(directory, ImageManifest.FileName)))
            return false;
        try
        {
            await VerifyAsync(Open(name, directory), cancel).ConfigureAwait(false);
            return true;
        }
        catch (ImageException)
        {
            return false; // Damaged: made again in its place.
        }
    }

    private static async Task MakeAsync(
        ImageRecipe recipe, PrivateApt apt, IReadOnlyList<AptPackage> packages, string version, string home, HostTools tools, Action<string> stage, CancellationToken cancel)
    {
        string work = Path.Combine(home, ".work");
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
        string made = Directory.CreateDirectory(Path.Combine(work, "made")).FullName;
        await new GuestBuilder(recipe, tools, work).BuildAsync(packages.Select(apt.PathOf), made, stage, cancel).ConfigureAwait(false);

        Dictionary<string, ImageManifest.Entry> files = [];
        foreach (string path in Directory.EnumerateFiles(made).Order(StringComparer.Ordinal))
        {
            files[Path.GetFileName(path)] = new ImageManifest.Entry(new FileInfo(path).Length, await SumAsync(path, cancel).ConfigureAwait(false));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        new ImageManifest(recipe.Name, version, recipe.Cmdline, files, packages.ToDictionary(p => p.Name, p => p.Version), ImageRecipe.Revision).Write(made);
        string final = Path.Combine(home, version);
        if (Directory.Exists(final))
            Directory.Delete(final, recursive: true);
        Directory.Move(made, final);
        Directory.Delete(work, recursive: true);
    }
}
