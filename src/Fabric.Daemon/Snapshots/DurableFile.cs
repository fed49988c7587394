namespace Fabric.Daemon.Snapshots;

/// <summary>Replaces small files so that a crash leaves the old content or the new, never a mixture.</summary>
internal static class DurableFile
{
    private const string Suffix = ".new";

    /// <summary>Writes the new content beside the file: what takes long.</summary>
    public static void Prepare(string path, ReadOnlySpan<byte> content)
    {
        using FileStream file = new(path + Suffix, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(content);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Puts what was prepared in the file's place: the instant at which it changes.</summary>
    public static void Commit(string path)
    {
        File.Move(path + Suffix, path, overwrite: true);
        Native.FlushFolder(Path.GetDirectoryName(path)!);
    }
}
