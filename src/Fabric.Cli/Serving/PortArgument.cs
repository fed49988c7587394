using System.Globalization;
using Fabric.Cli.Disks;
using Fabric.Topology;

namespace Fabric.Cli.Serving;

/// <summary>What stands after an option that makes a port: a name, then settings.</summary>
internal sealed class PortArgument
{
    private readonly string _option;
    private readonly string _text;
    private readonly string _form;
    private readonly string[] _keys;

    private PortArgument(string option, string text, string form, string[] keys)
    {
        _option = option;
        _text = text;
        _form = form;
        _keys = keys;
        int comma = text.IndexOf(',', StringComparison.Ordinal);
        Name = comma < 0 ? text : text[..comma];
        if (comma >= 0)
            KeyValues.Read(text[(comma + 1)..], Values);
        Port = PortSettings.Read(this);
    }

    /// <summary>What stands first.</summary>
    public string Name { get; }

    /// <summary>The settings.</summary>
    public Dictionary<string, string> Values { get; } = [];

    /// <summary>Those that every port has.</summary>
    public PortSettings Port { get; }

    /// <summary>The others.</summary>
    public IEnumerable<KeyValuePair<string, string>> Own => Values.Where(item => !PortSettings.Keys.Contains(item.Key));

    /// <summary>Reads one.</summary>
    /// <param name="option">The option.</param>
    /// <param name="text">What stands after it.</param>
    /// <param name="form">How it is written.</param>
    /// <param name="keys">The settings there are.</param>
    public static PortArgument Read(string option, string text, string form, params string[] keys) => new(option, text, form, keys);

    /// <summary>A number within bounds.</summary>
    public int Number(string key, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? number
            : throw Wrong($"{key} takes a number from {least} to {most}, not '{value}'");

    /// <summary>on or off.</summary>
    public bool Switch(string key, string value) => value switch
    {
        "on" => true,
        "off" => false,
        _ => throw Wrong($"{key} is on or off, not '{value}'"),
    };

    /// <summary>There is no such setting.</summary>
    public CliException Unknown(string key) =>
        Wrong($"unknown key '{key}'" + (NearestName.Find(key, [.. _keys, .. PortSettings.Keys]) is { } near ? $", did you mean {near}?" : $"; the form is {_form}"));

    /// <summary>It cannot be as it is written.</summary>
    public CliException Wrong(string what) => new($"{_option} {_text}: {what}");
}
