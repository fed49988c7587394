using System.Globalization;
using System.Text;

namespace Fabric.Images.Build;

/// <summary>Makes an ext4 image of a tree without privilege: mke2fs copies a directory, debugfs then gives all to root. The same tree gives
/// the same bytes.</summary>
internal static class Ext4Image
{
    // Nothing is left for the guest to initialise: what it writes at each boot goes to each overlay.
    private const string Options =
        "hash_seed=fab00000-0000-4000-8000-000000000002,lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0,nodiscard,packed_meta_blocks=1";

    private const string Features =
        "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum";

    private const string Identity = "fab00000-0000-4000-8000-000000000001";
    private static readonly DateTime s_time = new(2025, 8, 9, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Writes the image.</summary>
    /// <param name="tree">What is in it.</param>
    /// <param name="path">The image, which does not exist yet.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="work">Empty directory for intermediate files.</param>
    /// <param name="tools">The host's tools.</param>
    /// <param name="cancel">Ends the tools.</param>
    public static async Task WriteAsync(FileTree tree, string path, long size, string work, HostTools tools, CancellationToken cancel)
    {
        string root = Path.Combine(work, "root");
        Directory.CreateDirectory(root);
        foreach ((string name, FileTree.Entry entry) in tree.Entries)
            WriteEntry(Path.Combine(root, name), entry);
        // Only now: what is put into a directory changes its time, and a mode may forbid to put something.
        foreach ((string name, FileTree.Entry entry) in tree.Entries.Where(e => e.Value.IsDirectory))
            File.SetUnixFileMode(Path.Combine(root, name), (UnixFileMode)(entry.Mode & 0xFFF) | UnixFileMode.UserRead | UnixFileMode.UserExecute);

        string defaults = Path.Combine(work, "mke2fs.conf");
        await File.WriteAllTextAsync(defaults, "[defaults]\n", cancel).ConfigureAwait(false);
        string epoch = new DateTimeOffset(s_time).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        Dictionary<string, string> environment = new() { ["E2FSPROGS_FAKE_TIME"] = epoch, ["SOURCE_DATE_EPOCH"] = epoch, ["MKE2FS_CONFIG"] = defaults };
        string[] arguments =
            ["-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256", "-i", "16384", "-m", "0", "-L", "fabric", "-U", Identity, "-O", Features, "-J", "size=8", "-E", Options, "-d", root, path, $"{size >> 10}k"];
        await RunAsync(tools.Mke2fs, arguments).ConfigureAwait(false);

        string script = Path.Combine(work, "debugfs.script");
        await File.WriteAllTextAsync(script, Script(tree, epoch), cancel).ConfigureAwait(false);
        await RunAsync(tools.Debugfs, ["-w", "-f", script, path]).ConfigureAwait(false);

        async Task RunAsync(HostTool tool, string[] words)
        {
            ChildProcess.Outcome outcome = await tool.RunAsync(words, environment, cancel).ConfigureAwait(false);
            // debugfs says what went wrong and goes on, with a good status at its end; its version is no complaint.
            bool isAtFault = outcome.Status != 0 || (tool == tools.Debugfs && outcome.Error.Split('\n').Any(l => l.Length > 0 && !l.StartsWith("debugfs ", StringComparison.Ordinal)));
            if (isAtFault)
                throw new ImageException($"{path}: {(tool == tools.Debugfs ? "debugfs" : "mke2fs")} failed: {outcome.LastWords}");
        }
    }

    private static void WriteEntry(string path, FileTree.Entry entry)
    {
        if (entry.Target is not null)
        {
            File.CreateSymbolicLink(path, entry.Target);
        }
        else if (entry.Content is not null)
        {
            File.WriteAllBytes(path, entry.Content);
            File.SetUnixFileMode(path, (UnixFileMode)(entry.Mode & 0xFFF));
        }
        else
        {
            Directory.CreateDirectory(path);
        }
    }

    private static string Script(FileTree tree, string epoch)
    {
        StringBuilder script = new("cd /dev\nmknod console c 5 1\nmknod null c 1 3\ncd /\n");
        foreach (string path in tree.Entries.Select(e => e.Key).Append("").Concat(["lost+found", "dev/console", "dev/null"]))
        {
            foreach (string field in new[] { "uid", "gid" })
                script.Append($"set_inode_field \"/{path}\" {field} 0\n");
            foreach (string field in new[] { "atime", "ctime", "mtime", "crtime" })
                script.Append($"set_inode_field \"/{path}\" {field} @{epoch}\n");
        }

        return script.ToString();
    }
}
