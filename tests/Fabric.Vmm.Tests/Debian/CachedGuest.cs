namespace Fabric.Vmm.Tests.Debian;

/// <summary>The files of the Debian guest image, where <c>fabric image pull debian-riscv64</c> has put them.</summary>
/// <param name="Kernel">The Image.</param>
/// <param name="Initrd">The initramfs.</param>
/// <param name="BaseDisk">The raw root disk, to be a backing file only.</param>
internal sealed record CachedGuest(string Kernel, string Initrd, string BaseDisk)
{
    /// <summary>Finds them, or skips the test. FABRIC_TEST_GUEST may name another directory.</summary>
    internal static CachedGuest OrSkip()
    {
        string? directory = Environment.GetEnvironmentVariable("FABRIC_TEST_GUEST") ?? InCache();
        Skip.If(directory == null, "no guest image in the cache; run: fabric image pull debian-riscv64");
        return new CachedGuest(Path.Combine(directory, "Image"), Path.Combine(directory, "initrd"), Path.Combine(directory, "base.raw"));
    }

    private static string? InCache()
    {
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } given
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        string home = Path.Combine(cache, "fabric", "images", "debian-riscv64");
        string pointer = Path.Combine(home, "current");
        return File.Exists(pointer) ? Path.Combine(home, File.ReadAllText(pointer).Trim()) : null;
    }
}
