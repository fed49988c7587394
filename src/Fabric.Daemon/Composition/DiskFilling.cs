using Fabric.Disk;

namespace Fabric.Daemon.Composition;

/// <summary>Makes a disk of its own from a base, for formats that cannot be a thin overlay over any base. It appears under its name only when it is
/// complete and on stable storage.</summary>
internal static class DiskFilling
{
    private const int Piece = 1 << 20;

    /// <summary>Makes the disk.</summary>
    /// <param name="path">Where.</param>
    /// <param name="format">Its format.</param>
    /// <param name="size">Its virtual size in bytes, or null for the base's.</param>
    /// <param name="basePath">The base.</param>
    /// <param name="baseFormat">The base's format, or null to recognise it.</param>
    /// <param name="progress">Told of bytes of the base gone through.</param>
    /// <param name="cancel">Gives up and leaves nothing.</param>
    /// <exception cref="DiskException">The base cannot be read, or the host has no room.</exception>
    public static void Create(string path, DiskFormat format, long? size, string basePath, DiskFormat? baseFormat, IProgress<DiskProgress> progress, CancellationToken cancel)
    {
        string temporary = path + ".filling";
        using ImageDisk source = DiskImage.Open(basePath, new DiskOpenOptions { Format = baseFormat, ReadOnly = true });
        if (size < source.Length)
            throw new DiskException(path, $"a size of {size} bytes is less than its base's {source.Length}");
        try
        {
            // A VHD would otherwise take a size that cylinders, heads and sectors of old can tell.
            Dictionary<string, string> exact = format == DiskFormat.Vhd ? new() { ["force_size"] = "on" } : [];
            DiskImage.Create(temporary, new DiskCreateOptions { Format = format, Size = size ?? source.Length, FormatOptions = exact, Overwrite = true });
            using (ImageDisk target = DiskImage.Open(temporary, new DiskOpenOptions { Format = format }))
                Copy(source, target, progress, cancel);
            File.WriteAllText(NoteOf(path), Path.GetFullPath(basePath));
            File.Move(temporary, path);
            Native.FlushFolder(Path.GetDirectoryName(path)!);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The base that a disk was filled from, as an overlay would name it; null when it was not filled from any.</summary>
    public static string? BaseOf(string path) => File.Exists(NoteOf(path)) ? File.ReadAllText(NoteOf(path)) : null;

    private static string NoteOf(string path) => path + ".base";

    private static void Copy(ImageDisk source, ImageDisk target, IProgress<DiskProgress> progress, CancellationToken cancel)
    {
        byte[] buffer = new byte[Piece];
        for (long at = 0; at < source.Length;)
        {
            cancel.ThrowIfCancellationRequested();
            Check(source.Path, source.GetExtent(at, Piece - (at % Piece), out DiskExtent extent));
            Span<byte> data = buffer.AsSpan(0, (int)extent.Length);
            if (!extent.Zero)
            {
                Check(source.Path, source.Read(at, data));
                if (data.ContainsAnyExcept((byte)0))
                    Check(target.Path, target.Write(at, data));
            }

            at += extent.Length;
            progress.Report(new DiskProgress(at, source.Length));
        }

        Check(target.Path, target.Flush());
    }

    private static void Check(string path, DiskStatus status)
    {
        if (status != DiskStatus.Ok)
            throw new DiskException(path, status == DiskStatus.NoSpace ? "the host has no room for it" : $"copying the base ended with {status}");
    }
}
