namespace Fabric.Cli.Disks;

/// <summary>The options and operands of a disk command, read as getopt_long does: options anywhere, letters bundled, values attached or next,
/// long names cut short where unique, "--" ends the options.</summary>
internal sealed class DiskArguments
{
    private readonly List<(DiskOption Option, string? Value)> _given = [];
    private readonly List<string> _operands = [];

    /// <summary>What are no options, in order.</summary>
    public IReadOnlyList<string> Operands => _operands;

    /// <summary>Reads a command line.</summary>
    /// <param name="args">What follows the command's name.</param>
    /// <param name="options">The options it has.</param>
    /// <exception cref="DiskToolException">It does not fit.</exception>
    public static DiskArguments Parse(IReadOnlyList<string> args, IReadOnlyList<DiskOption> options)
    {
        DiskArguments parsed = new();
        for (int i = 0; i < args.Count; i++)
        {
            string argument = args[i];
            if (argument == "--")
            {
                parsed._operands.AddRange(args.Skip(i + 1));
                break;
            }

            if (argument.StartsWith("--", StringComparison.Ordinal))
                parsed.ReadLong(args, ref i, options);
            else if (argument.Length > 1 && argument[0] == '-')
                parsed.ReadLetters(args, ref i, options);
            else
                parsed._operands.Add(argument);
        }

        return parsed;
    }

    /// <summary>True when an option was given.</summary>
    /// <param name="name">Its letter or its name.</param>
    public bool Has(string name) => _given.Exists(one => Is(one.Option, name));

    /// <summary>The last value of an option, or null.</summary>
    /// <param name="name">Its letter or its name.</param>
    public string? Value(string name) => _given.FindLast(one => Is(one.Option, name)).Value;

    /// <summary>All values of an option.</summary>
    /// <param name="name">Its letter or its name.</param>
    public IEnumerable<string> Values(string name) => _given.Where(one => Is(one.Option, name)).Select(one => one.Value!);

    private static bool Is(DiskOption option, string name) => option.Name == name || (name.Length == 1 && option.Letter == name[0]);

    private void ReadLong(IReadOnlyList<string> args, ref int i, IReadOnlyList<DiskOption> options)
    {
        string argument = args[i];
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? argument[2..] : argument[2..equals];
        DiskOption[] found = [.. options.Where(option => option.Name == name)];
        if (found.Length == 0)
            found = [.. options.Where(option => option.Name?.StartsWith(name, StringComparison.Ordinal) == true)];
        if (found.Length != 1 || (equals >= 0 && found[0].Value is null))
            throw DiskToolException.Usage($"unrecognized option '{argument}'");
        string? value = equals >= 0 ? argument[(equals + 1)..] : null;
        if (found[0].Value is not null && value is null)
            value = ++i < args.Count ? args[i] : throw DiskToolException.Usage($"missing argument for option '{argument}'");
        _given.Add((found[0], value));
    }

    private void ReadLetters(IReadOnlyList<string> args, ref int i, IReadOnlyList<DiskOption> options)
    {
        string argument = args[i];
        for (int j = 1; j < argument.Length; j++)
        {
            DiskOption option = options.FirstOrDefault(one => one.Letter == argument[j]) ?? throw DiskToolException.Usage($"unrecognized option '{argument}'");
            if (option.Value is null)
            {
                _given.Add((option, null));
                continue;
            }

            string value = j + 1 < argument.Length ? argument[(j + 1)..]
                : ++i < args.Count ? args[i]
                : throw DiskToolException.Usage($"missing argument for option '{argument}'");
            _given.Add((option, value));
            return;
        }
    }
}
