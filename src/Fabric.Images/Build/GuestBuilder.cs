using System.Globalization;

namespace Fabric.Images.Build;

/// <summary>Puts a guest image together from its packages.</summary>
/// <remarks>
/// <code>
///   linux-image ─▶ boot/vmlinux-… ───────────────────────────▶ Image
///               └▶ modules, unpacked and trimmed ─┬─ a few ──▶ initrd    (busybox, /init, drivers of the root disk)
///   all others ──▶ user space without documents ──┴──────────▶ base.raw  (ext4)
///   Guest/* (in this assembly): /init, set-up, agent, tables ─┘
/// </code>
/// </remarks>
internal sealed class GuestBuilder(ImageRecipe recipe, HostTools tools, string work)
{
    private static readonly string[] s_unwanted =
    [
        "boot", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/info", "usr/share/bash-completion", "usr/share/bug",
        "usr/share/polkit-1", "usr/share/initramfs-tools", "usr/share/base-files", "usr/lib/udev", "usr/lib/systemd", "etc/cron.d", "etc/init.d", "etc/ufw", "etc/e2scrub.conf",
        "usr/sbin/e2scrub", "usr/sbin/e2scrub_all", "usr/include", "etc/update-motd.d",
    ];

    private static readonly string[] s_otherMachines = ["kernel/sound/", "kernel/drivers/gpu/", "kernel/drivers/media/", "kernel/drivers/net/wireless/", "kernel/drivers/net/ethernet/"];

    private static readonly string[] s_ownCommands = ["init", "halt", "poweroff", "reboot", "modprobe", "insmod", "rmmod", "lsmod", "udhcpc"];

    // A shell and an ip of their own are there; packages are not handled in the guest.
    private static readonly string[] s_noLinks = ["sh", "ip", "dpkg", "dpkg-deb", "rpm", "rpm2cpio", "linuxrc", "busybox", "mke2fs"];

    private readonly FileTree _user = new();
    private readonly FileTree _kernel = new();

    /// <summary>Makes the image's files in a directory.</summary>
    public async Task BuildAsync(IEnumerable<string> packages, string directory, Action<string> stage, CancellationToken cancel)
    {
        stage("unpacking");
        foreach (string package in packages)
            await UnpackAsync(package, cancel).ConfigureAwait(false);
        string kernel = _kernel.Entries.FirstOrDefault(e => e.Key.StartsWith("boot/vmlinux-", StringComparison.Ordinal)).Key
            ?? throw new ImageException($"{recipe.Name}: the kernel's package holds no kernel; report this with the version that apt-cache shows");
        string version = kernel["boot/vmlinux-".Length..];
        await File.WriteAllBytesAsync(Path.Combine(directory, ImageManifest.KernelFile), _kernel.Find(kernel)!.Content!, cancel).ConfigureAwait(false);

        stage("unpacking the kernel's modules");
        string modules = $"usr/lib/modules/{version}";
        ModuleSet set = await ReadModulesAsync(modules, cancel).ConfigureAwait(false);
        stage("making the initramfs");
        await using (FileStream initrd = File.Create(Path.Combine(directory, ImageManifest.InitrdFile)))
            CpioWriter.Write(Initramfs(set, version), initrd);
        stage("making the root disk");
        Complete(set, modules);
        string disk = Path.Combine(directory, ImageManifest.DiskFile);
        await Ext4Image.WriteAsync(_user, disk, recipe.DiskSize, Directory.CreateDirectory(Path.Combine(work, "disk")).FullName, tools, cancel).ConfigureAwait(false);
    }

    private static byte[] Resource(string name)
    {
        using Stream stream = typeof(GuestBuilder).Assembly.GetManifestResourceStream($"Guest/{name}")!;
        MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static bool IsUnder(string path, string directory) =>
        path.StartsWith(directory, StringComparison.Ordinal) && (path.Length == directory.Length || path[directory.Length] == '/');

    private async Task UnpackAsync(string package, CancellationToken cancel)
    {
        bool isKernel = Path.GetFileName(package).StartsWith("linux-image-", StringComparison.Ordinal);
        FileTree tree = isKernel ? _kernel : _user;
        Func<string, bool> isWanted = isKernel
            ? path => !s_otherMachines.Any(o => path.Contains(o, StringComparison.Ordinal))
            : path => !s_unwanted.Any(u => IsUnder(path, u)) && !path.Contains("/gconv/", StringComparison.Ordinal);
        ChildProcess.Outcome outcome = await ChildProcess.ReadAsync(
            "dpkg-deb", ["--fsys-tarfile", package], tar => tree.AddTarAsync(tar, isWanted, cancel), cancel).ConfigureAwait(false);
        if (outcome.Status != 0)
            throw new ImageException($"{package}: cannot be unpacked: {outcome.LastWords}");
    }

    // Which modules are needed is known only when those that need them are unpacked; so in rounds.
    private async Task<ModuleSet> ReadModulesAsync(string directory, CancellationToken cancel)
    {
        Dictionary<string, string> files = _kernel.Entries.Where(e => e.Value.Content is not null && e.Key.Contains(".ko", StringComparison.Ordinal))
            .ToDictionary(e => KernelModule.NameOf(e.Key), e => e.Key);
        HashSet<string> wanted = [.. recipe.BootModules.Select(KernelModule.NameOf)];
        foreach ((string name, string path) in files)
        {
            string inner = path[(directory.Length + "/kernel/".Length)..];
            if (recipe.DiskModules.Any(d => IsUnder(inner, d) || inner.StartsWith(d + ".ko", StringComparison.Ordinal)))
                wanted.Add(name);
        }

        Dictionary<string, KernelModule> modules = [];
        for (string[] round = [.. wanted.Where(files.ContainsKey)]; round.Length > 0;)
        {
            foreach (KernelModule module in await DecompressAsync([.. round.Select(name => files[name])], directory, cancel).ConfigureAwait(false))
                modules[module.Name] = module;
            round = [.. modules.Values.SelectMany(m => m.Depends).Distinct().Where(d => !modules.ContainsKey(d) && files.ContainsKey(d))];
        }

        string? missing = recipe.BootModules.FirstOrDefault(m => !modules.ContainsKey(KernelModule.NameOf(m)));
        if (missing is not null)
            throw new ImageException($"{recipe.Name}: the kernel's package has no module {missing}; report this with the kernel's version, {Path.GetFileName(directory)}");
        return new ModuleSet(modules.Values);
    }

    private async Task<IEnumerable<KernelModule>> DecompressAsync(IReadOnlyList<string> paths, string directory, CancellationToken cancel)
    {
        string place = Directory.CreateDirectory(Path.Combine(work, "modules")).FullName;
        string[] names = [.. paths.Select((_, i) => Path.Combine(place, i.ToString(CultureInfo.InvariantCulture) + ".ko"))];
        for (int i = 0; i < names.Length; i++)
            await File.WriteAllBytesAsync(names[i] + ".xz", _kernel.Find(paths[i])!.Content!, cancel).ConfigureAwait(false);
        ChildProcess.Outcome outcome = await tools.Xz.RunAsync(["-d", "-f", "-q", .. names.Select(n => n + ".xz")], null, cancel).ConfigureAwait(false);
        if (outcome.Status != 0)
            throw new ImageException($"the kernel's modules cannot be unpacked: {outcome.LastWords}");
        return names.Select((name, i) => KernelModule.Read(paths[i][(directory.Length + 1)..].Replace(".ko.xz", ".ko", StringComparison.Ordinal), File.ReadAllBytes(name))).ToArray();
    }

    private FileTree Initramfs(ModuleSet set, string version)
    {
        FileTree tree = new();
        foreach (string directory in new[] { "dev", "proc", "sys", "root" })
            tree.AddDirectory(directory);
        tree.AddFile("bin/busybox", BusyboxBinary(), 0x1ED);
        tree.AddFile("init", Resource("init"), 0x1ED);
        set.AddTo(tree, $"lib/modules/{version}", recipe.BootModules);
        tree.AddFile("lib/modules/load", System.Text.Encoding.ASCII.GetBytes(string.Join(' ', recipe.BootModules) + "\n"));
        return tree;
    }

    private byte[] BusyboxBinary() =>
        _user.Find("usr/bin/busybox")?.Content ?? throw new ImageException($"{recipe.Name}: the package busybox-static holds no /usr/bin/busybox");

    private void Complete(ModuleSet set, string modules)
    {
        foreach (string directory in new[] { "dev", "proc", "sys", "run", "tmp", "mnt", "srv", "opt", "home", "var/log", "var/tmp", "usr/local/bin", "usr/local/sbin" })
            _user.AddDirectory(directory, directory.EndsWith("tmp", StringComparison.Ordinal) ? 0x3FFu : 0x1ED);
        _user.AddDirectory("root", 0x1C0);
        foreach (string name in new[] { "agent", "setup", "lease", "shutdown", "console" })
            _user.AddFile($"usr/lib/fabric/{name}", Resource(name), 0x1ED);
        foreach (string name in new[] { "inittab", "fstab", "passwd", "group", "nsswitch.conf", "profile" })
            _user.AddFile($"etc/{name}", Resource(name));
        _user.AddLink("etc/hosts", "/run/hosts");
        _user.AddLink("etc/resolv.conf", "/run/resolv.conf");
        _user.AddLink("etc/mtab", "/proc/mounts");
        _user.AddFile("var/lib/fabric/disk-size", System.Text.Encoding.ASCII.GetBytes((recipe.DiskSize / 512).ToString(CultureInfo.InvariantCulture) + "\n"));
        AddCommands();
        set.AddTo(_user, modules, set.Names);
        foreach (string table in new[] { "modules.builtin", "modules.builtin.modinfo", "modules.order" })
        {
            if (_kernel.Find($"{modules}/{table}")?.Content is { } content)
                _user.AddFile($"{modules}/{table}", content);
        }
    }

    // Whatever a package brings goes before busybox's own.
    private void AddCommands()
    {
        foreach (string applet in Busybox.Applets(BusyboxBinary()).Except(s_noLinks))
        {
            bool isOwn = s_ownCommands.Contains(applet);
            if (isOwn || !(_user.Contains($"usr/bin/{applet}") || _user.Contains($"usr/sbin/{applet}")))
                _user.AddLink(isOwn ? $"usr/sbin/{applet}" : $"usr/bin/{applet}", isOwn ? "../bin/busybox" : "busybox");
        }
    }
}
