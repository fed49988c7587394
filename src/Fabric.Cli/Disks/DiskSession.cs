using Fabric.Disk;
using Fabric.Nbd;

namespace Fabric.Cli.Disks;

/// <summary>One run of a disk command: where it prints, how it opens images, what stops it.</summary>
/// <remarks>Standard output is written when the command ends (or says so), errors at once: like the C library's streams on a pipe, so that
/// both together read as those of qemu-img.</remarks>
internal sealed class DiskSession(Terminal terminal, string program, CancellationToken cancel)
{
    private readonly System.Text.StringBuilder _pending = new();

    /// <summary>Name that qemu-img goes by; a program called so behaves as it in every respect.</summary>
    public const string QemuImg = "qemu-img";

    /// <summary>Disks that are no files, which may be named wherever an image is.</summary>
    public static IReadOnlyList<IDiskProtocol> Protocols { get; } = [new NbdProtocol()];

    /// <summary>Stops the command in order.</summary>
    public CancellationToken Cancel => cancel;

    /// <summary>The terminal, for progress.</summary>
    public Terminal Terminal => terminal;

    /// <summary>True when the program was called as qemu-img.</summary>
    public bool IsQemuImg => program == QemuImg;

    /// <summary>True when nothing but errors is to be printed.</summary>
    public bool IsQuiet { get; set; }

    /// <summary>Prints a line, unless quiet.</summary>
    public void Say(string line)
    {
        if (!IsQuiet)
            Print(line + "\n");
    }

    /// <summary>Prints, quiet or not.</summary>
    public void Print(string text)
    {
        _pending.Append(text);
        if (_pending.Length > 1 << 16)
            FlushOutput();
    }

    /// <summary>Prints what is pending.</summary>
    public void FlushOutput()
    {
        terminal.Out.Write(_pending.ToString());
        terminal.Out.Flush();
        _pending.Clear();
    }

    /// <summary>Prints an error or a warning: one line, or as many as qemu-img has for it.</summary>
    /// <param name="message">A newline continues it; a carriage return begins another report.</param>
    public void Complain(string message) =>
        terminal.Error.WriteLine($"{program}: {(IsQemuImg ? message.Replace("\r", $"\n{program}: ", StringComparison.Ordinal) : message.ReplaceLineEndings(" "))}");

    /// <summary>Prints a line to the error output as it is.</summary>
    public void Note(string line) => terminal.Error.WriteLine(line);

    /// <summary>Opens an image.</summary>
    /// <param name="name">The image.</param>
    /// <param name="options">How; the name's own format and wishes win.</param>
    /// <exception cref="DiskToolException">It cannot be opened.</exception>
    public ImageDisk Open(DiskName name, DiskOpenOptions options)
    {
        try
        {
            return DiskImage.Open(name.Path, Complete(name, options));
        }
        catch (DiskException e)
        {
            throw CannotOpen(name.Text, e);
        }
    }

    /// <summary>Fills in what a name says: its format, or, for qemu-img, a guess.</summary>
    public DiskOpenOptions Complete(DiskName name, DiskOpenOptions options)
    {
        DiskFormat? format = name.Format ?? options.Format;
        if (format is null && IsQemuImg && !options.Protocols.Any(protocol => protocol.Handles(name.Path)))
            format = DiskImage.Recognise(name.Path) ?? DiskFormat.Raw;
        return options with { Format = format, IgnoreLocks = options.ReadOnly && (options.IgnoreLocks || name.ForceShare) };
    }

    /// <summary>The error for an image that cannot be opened, in the words that scripts look for.</summary>
    public DiskToolException CannotOpen(string text, DiskException error) =>
        new(error.Reason.StartsWith("Backing file", StringComparison.Ordinal) ? error.Reason : $"Could not open '{text}': {OpeningWords(error)}");

    /// <summary>The error for work on an image that failed.</summary>
    public static DiskToolException Failed(DiskName name, DiskException error) =>
        error.Path == name.Path || error.Path == Path.GetFullPath(name.Path) ? new DiskToolException(error.Reason) : new DiskToolException(error.Message);

    /// <summary>Why an image cannot be opened.</summary>
    public string OpeningWords(DiskException error)
    {
        if (error.Reason == "no such file")
            return $"Could not open '{error.Path}': No such file or directory";
        if (error.Reason.StartsWith("permission to", StringComparison.Ordinal))
            return $"Could not open '{error.Path}': Permission denied";
        if (IsQemuImg && error.Reason.StartsWith("is in use", StringComparison.Ordinal))
            return $"Failed to get \"write\" lock\nIs another process using the image [{error.Path}]?";
        if (IsQemuImg && error.Reason.StartsWith("is being written", StringComparison.Ordinal))
            return $"Failed to get shared \"write\" lock\nIs another process using the image [{error.Path}]?";
        if (error.Reason.StartsWith("has no known magic number", StringComparison.Ordinal))
            return "has no known magic number; name its format with -f (a raw disk, -f raw, is never guessed)";
        return error.Offset < 0 || IsQemuImg ? Short(error.Reason) : $"at offset 0x{error.Offset:x}: {error.Reason}";
    }

    /// <summary>A reason; for qemu-img what it says itself where that is known, as scripts compare it.</summary>
    public string Short(string reason)
    {
        if (!IsQemuImg)
            return reason;
        int end = reason.StartsWith('-') ? reason.IndexOf("): ", StringComparison.Ordinal) : -1;
        return end >= 0 ? reason[..(end + 1)]
            : reason.StartsWith("L1 table is too small", StringComparison.Ordinal) ? "L1 table is too small"
            : reason.StartsWith("is not a qcow2 image", StringComparison.Ordinal) ? "Image is not in qcow2 format"
            : reason;
    }

    /// <summary>Why an image cannot be made.</summary>
    public string CreationWords(DiskException error) =>
        IsQemuImg && error.Reason.StartsWith("is in use", StringComparison.Ordinal) ? OpeningWords(error) : Short(error.Reason);

    /// <summary>The format of a name.</summary>
    /// <exception cref="DiskToolException">There is none such.</exception>
    public static DiskFormat? Format(string? name, string? complaint = null)
    {
        if (name is null)
            return null;
        return DiskImage.TryParseFormat(name, out DiskFormat format) ? format : throw new DiskToolException(complaint ?? $"Unknown driver '{name}'");
    }
}
