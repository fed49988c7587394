using Fabric.Disk;

namespace Fabric.Cli.Disks;

/// <summary>A snapshot as a source: "snapshot.id=ID,snapshot.name=NAME", or just an id or a name.</summary>
internal static class SnapshotName
{
    /// <summary>Opens a snapshot for reading.</summary>
    /// <exception cref="DiskToolException">There is none such.</exception>
    public static IDisk Open(ImageDisk disk, string text)
    {
        try
        {
            return disk.OpenSnapshot(IdOrName(disk, text));
        }
        catch (DiskException e)
        {
            throw new DiskToolException($"Failed to load snapshot: {e.Reason}");
        }
    }

    private static string IdOrName(ImageDisk disk, string text)
    {
        if (!text.StartsWith("snapshot.", StringComparison.Ordinal))
            return text;
        Dictionary<string, string> given = [];
        KeyValues.Read(text, given);
        string? id = given.GetValueOrDefault("snapshot.id");
        string? name = given.GetValueOrDefault("snapshot.name");
        if (given.Keys.FirstOrDefault(key => key is not ("snapshot.id" or "snapshot.name")) is { } unknown)
            throw new DiskToolException($"Invalid parameter '{unknown}'\rFailed in parsing snapshot param '{text}'");
        DiskSnapshot? found = disk.Snapshots.FirstOrDefault(one => (id is null || one.Id == id) && (name is null || one.Name == name));
        return found?.Id ?? throw new DiskToolException("Failed to load snapshot: Can't find snapshot");
    }
}
