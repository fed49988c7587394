using Fabric.Daemon.Control;
using Fabric.Disk;
using Fabric.Images;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <summary>The guest images of a topology, obtained where they are missing.</summary>
/// <param name="model">The topology.</param>
/// <param name="events">Told of each image and of downloads.</param>
internal sealed class ImageShelf(TopologyModel model, EventLog events)
{
    private readonly HashSet<GuestFiles> _older = [];

    /// <summary>Makes sure that the files of every image that is used are there.</summary>
    /// <param name="cancel">Gives up; what was downloaded is kept for the next time.</param>
    public async Task<Dictionary<string, GuestFiles>> ObtainAllAsync(CancellationToken cancel)
    {
        HashSet<string?> used = [.. model.Vms.Values.Select(vm => vm.Image), .. model.Disks.Values.Select(d => d.BaseImage)];
        Dictionary<string, GuestFiles> files = [];
        foreach (ImageModel image in model.Images.Values.Where(i => used.Contains(i.Name)))
            files.Add(image.Name, image.Catalogue is null ? OwnFiles(image) : await PullAsync(image, cancel));
        return files;
    }

    /// <summary>The files a machine boots with: those of the version its root disk was made over, which after a pull need not be the newest.</summary>
    /// <param name="name">Name of the image in the topology.</param>
    /// <param name="newest">What <see cref="ObtainAllAsync"/> found for it.</param>
    /// <param name="baseDisk">Base disk below the machine's root disk, or null.</param>
    public GuestFiles Matching(string name, GuestFiles newest, string? baseDisk)
    {
        ImageModel image = model.Images[name];
        if (image.Catalogue is null || baseDisk is null || baseDisk == newest.BaseDisk || new ImageStore().FindByBaseDisk(image.Catalogue, baseDisk) is not { } files)
            return newest;
        GuestFiles older = FilesOf(image, files);
        if (_older.Add(older))
            events.Add(TopologyEventKind.Image, name, $"{files.Name} {files.Version}, for disks made over it");
        return older;
    }

    private static GuestFiles OwnFiles(ImageModel image)
    {
        foreach (string file in new[] { image.Kernel, image.Initrd }.OfType<string>())
        {
            if (!File.Exists(file))
                throw new DaemonException($"image {image.Name}: {file} does not exist; put it there, or use the catalogue's with pull:");
        }
        return new GuestFiles(image.Kernel, image.Initrd, image.Cmdline, BaseDisk: null, DiskFormat.Raw, HasAgent: false);
    }

    private async Task<GuestFiles> PullAsync(ImageModel image, CancellationToken cancel)
    {
        ImageStore store = new();
        GuestImage? present = store.Find(image.Catalogue!);
        bool isTooOld = present is { HasDhcpClient: false } && model.Vms.Values.Any(vm => vm.Image == image.Name && vm.Nics.Any(nic => nic.IsDynamic));
        GuestImage files = present is not null && !isTooOld
            ? present
            : await store.PullAsync(image.Catalogue!, new EventProgress(image.Catalogue!, events), cancel);
        events.Add(TopologyEventKind.Image, image.Name, $"{files.Name} {files.Version}");
        return FilesOf(image, files) with { Store = store.Root };
    }

    private static GuestFiles FilesOf(ImageModel image, GuestImage files) => new(
        image.Kernel ?? files.Kernel,
        image.Initrd ?? files.Initrd,
        image.Cmdline ?? files.Cmdline,
        files.BaseDisk,
        FormatOf(files),
        HasAgent: image.Kernel is null && image.Initrd is null)
    {
        HasDhcpClient = files.HasDhcpClient,
    };

    private static DiskFormat FormatOf(GuestImage image) => DiskImage.TryParseFormat(image.BaseDiskFormat, out DiskFormat format) ? format : DiskFormat.Raw;
}
