namespace Fabric.Cli.Disks;

/// <summary>One of the commands below <c>fabric disk</c>, with the options of the one of qemu-img that has its name.</summary>
internal abstract class DiskVerb
{
    /// <summary>Options of all that open an image.</summary>
    protected static readonly DiskOption[] Common =
    [
        new('h', "help", null, "Show this help"),
        new('f', "format", "FORMAT", "Format of the image (default: recognised; raw never is)"),
        new('\0', "object", "OBJECT", ""),
        new('\0', "image-opts", null, "Names of images are lists such as driver=qcow2,file.filename=FILE"),
        new('\0', "allow", "FOLDER", "Follow names of backing files into this folder, too (default: only the image's own)"),
    ];

    /// <summary>Option of those that may print JSON.</summary>
    protected static readonly DiskOption Output = new('\0', "output", "human|json", "How to print");

    /// <summary>Option of those that can do without locks.</summary>
    protected static readonly DiskOption ForceShare = new('U', "force-share", null, "Read although another process may be writing");

    /// <summary>Option of those that print.</summary>
    protected static readonly DiskOption Quiet = new('q', "quiet", null, "Print errors only");

    /// <summary>Option of those that take long.</summary>
    protected static readonly DiskOption Progress = new('p', "progress", null, "Print the progress in percent");

    /// <summary>The command's name.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, in a line.</summary>
    public abstract string Description { get; }

    /// <summary>Its operands, for the help.</summary>
    public abstract string Operands { get; }

    /// <summary>Its options.</summary>
    public abstract IReadOnlyList<DiskOption> Options { get; }

    /// <summary>Example command lines.</summary>
    public abstract IReadOnlyList<string> Examples { get; }

    /// <summary>Exit status of a wrong command line: some have a meaning for 2.</summary>
    public virtual int UsageStatus => 2;

    /// <summary>Does it.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="session">Where to print, and how to open images.</param>
    /// <returns>Exit status.</returns>
    public abstract int Run(DiskArguments arguments, DiskSession session);

    /// <summary>Reads <c>--output</c>.</summary>
    protected static bool WantsJson(DiskArguments arguments) => arguments.Value("output") switch
    {
        null or "human" => false,
        "json" => true,
        _ => throw new DiskToolException("--output must be used with human or json as argument."),
    };

    /// <summary>The one image a command works on.</summary>
    protected static DiskName OneImage(DiskArguments arguments) =>
        arguments.Operands.Count == 1 ? NameOf(arguments, arguments.Operands[0]) : throw DiskToolException.Usage("Expecting one image file name");

    /// <summary>An image among the operands.</summary>
    protected static DiskName NameOf(DiskArguments arguments, string text, string formatOption = "f")
    {
        foreach (string unknown in arguments.Values("object"))
            throw new DiskToolException($"objects are not supported: '{unknown}'");
        string? format = arguments.Value(formatOption);
        return DiskName.Parse(text, arguments.Has("image-opts"), DiskSession.Format(format, $"Could not open '{text}': Unknown driver '{format}'"));
    }

    /// <summary>How to open, from the options all have.</summary>
    protected static Fabric.Disk.DiskOpenOptions OpenOptions(DiskArguments arguments, bool readOnly) => new()
    {
        ReadOnly = readOnly,
        IgnoreLocks = readOnly && arguments.Has("U"),
        AllowedFolders = [.. arguments.Values("allow")],
        Protocols = DiskSession.Protocols,
    };

    /// <summary>Checks the name of a cache mode; all modes are one here: what was flushed is on stable storage.</summary>
    protected static void CheckCacheMode(DiskArguments arguments, string option, string complaint)
    {
        if (arguments.Value(option) is { } mode && mode is not ("none" or "writeback" or "writethrough" or "directsync" or "unsafe" or "off"))
            throw new DiskToolException($"{complaint}: {mode}");
    }
}
