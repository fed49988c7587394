using System.Formats.Tar;

namespace Fabric.Images.Build;

/// <summary>Files, directories and links by path, to be written as an archive or a file system. All belong to root.</summary>
internal sealed class FileTree
{
    /// <summary>A file, a directory (no content, no target) or a symbolic link.</summary>
    /// <param name="Mode">Type and permissions as in stat(2).</param>
    /// <param name="Content">A file's bytes.</param>
    /// <param name="Target">Where a link points.</param>
    public sealed record Entry(uint Mode, byte[]? Content, string? Target)
    {
        /// <summary>Type bits of a directory.</summary>
        public const uint Directory = 0x4000;

        /// <summary>Type bits of a regular file.</summary>
        public const uint File = 0x8000;

        /// <summary>Type bits of a symbolic link.</summary>
        public const uint Link = 0xA000;

        public bool IsDirectory => Content is null && Target is null;
    }

    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Entries by path without a leading slash, each after its directory.</summary>
    public IEnumerable<KeyValuePair<string, Entry>> Entries => _entries;

    public Entry? Find(string path) => _entries.GetValueOrDefault(path);

    public bool Contains(string path) => _entries.ContainsKey(path);

    public void AddDirectory(string path, uint permissions = 0x1ED)
    {
        AddParents(path);
        _entries[path] = new Entry(Entry.Directory | permissions, null, null);
    }

    public void AddFile(string path, byte[] content, uint permissions = 0x1A4)
    {
        AddParents(path);
        _entries[path] = new Entry(Entry.File | permissions, content, null);
    }

    public void AddLink(string path, string target)
    {
        AddParents(path);
        _entries[path] = new Entry(Entry.Link | 0x1FF, null, target);
    }

    public void Remove(Func<string, bool> isUnwanted)
    {
        foreach (string path in _entries.Keys.Where(isUnwanted).ToArray())
            _entries.Remove(path);
    }

    /// <summary>Adds what is in a tar archive. Later entries replace earlier ones, but a directory stays.</summary>
    public async Task AddTarAsync(Stream tar, Func<string, bool> isWanted, CancellationToken cancel)
    {
        await using TarReader reader = new(tar, leaveOpen: true);
        while (await reader.GetNextEntryAsync(copyData: false, cancel).ConfigureAwait(false) is { } item)
        {
            string path = Normalize(item.Name);
            if (path.Length == 0 || !isWanted(path))
                continue;
            uint permissions = (uint)item.Mode & 0xFFF;
            switch (item.EntryType)
            {
                case TarEntryType.Directory when !Contains(path):
                    AddDirectory(path, permissions);
                    break;
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                    MemoryStream content = new((int)item.Length);
                    if (item.DataStream is not null)
                        await item.DataStream.CopyToAsync(content, cancel).ConfigureAwait(false);
                    AddFile(path, content.ToArray(), permissions);
                    break;
                case TarEntryType.SymbolicLink:
                    AddLink(path, item.LinkName);
                    break;
                case TarEntryType.HardLink when Find(Normalize(item.LinkName)) is { } original:
                    AddParents(path);
                    _entries[path] = original;
                    break;
                default:
                    break;
            }
        }
    }

    private static string Normalize(string name)
    {
        string path = name.StartsWith("./", StringComparison.Ordinal) ? name[2..].Trim('/') : name.Trim('/');
        // The merged /usr: these three are links, and what a package puts there belongs behind them.
        if (path.StartsWith("bin/", StringComparison.Ordinal) || path.StartsWith("sbin/", StringComparison.Ordinal) || path.StartsWith("lib/", StringComparison.Ordinal))
            path = "usr/" + path;
        return path == "." || path.Split('/').Contains("..") ? "" : path;
    }

    private void AddParents(string path)
    {
        for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            _entries.TryAdd(path[..slash], new Entry(Entry.Directory | 0x1ED, null, null));
    }
}
