using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Fabric.Topology.Language;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Fabric.Topology.Yaml;

/// <summary>A YAML mapping read against its <see cref="Section"/>: unknown and missing keys are reported once, when it is opened;
/// each getter reports a value of the wrong form at its place and then answers as if the key were absent.</summary>
internal sealed class YamlSection
{
    private readonly Section _section;
    private readonly ErrorList _errors;
    private readonly string _folder;
    private readonly Dictionary<string, YamlNode> _values = [];

    private YamlSection(Section section, YamlNode node, ErrorList errors, string folder)
    {
        _section = section;
        _errors = errors;
        _folder = folder;
        Node = node;
    }

    /// <summary>Where the section stands.</summary>
    internal YamlNode Node { get; }

    /// <summary>Line of the section's start, from 1.</summary>
    internal int Line => (int)Node.Start.Line;

    /// <summary>Opens a node as a section.</summary>
    /// <param name="section">The keys it may hold.</param>
    /// <param name="node">A mapping; an empty scalar counts as an empty one.</param>
    /// <param name="errors">Takes the faults.</param>
    /// <param name="folder">Folder that relative paths start from.</param>
    /// <param name="shorthand">Key that a plain scalar stands for, or null.</param>
    internal static YamlSection Open(Section section, YamlNode node, ErrorList errors, string folder, string? shorthand = null)
    {
        YamlSection opened = new(section, node, errors, folder);
        if (node is YamlMappingNode mapping)
            opened.ReadKeys(mapping);
        else if (shorthand != null && node is YamlScalarNode { Value.Length: > 0 })
            opened._values[shorthand] = node;
        else if (!IsNull(node))
            errors.Add(node, $"a {section.Name} is a mapping of {ListKeys(section)}, not {Kind(node)}");
        foreach (Key key in section.Keys.Where(key => key.IsRequired && !opened._values.ContainsKey(key.Name)))
            errors.Add(node, $"the {section.Name} lacks '{key.Name}:' ({key.Help.TrimEnd('.')})");
        return opened;
    }

    /// <summary>True for a key that the section may hold.</summary>
    internal bool HasKey(string key) => _section.Find(key) is not null;

    internal bool Has(string key) => _values.ContainsKey(key);

    /// <summary>The node behind a key, for messages about its value; the section itself when the key is absent.</summary>
    internal YamlNode At(string key) => _values.GetValueOrDefault(key, Node);

    internal string? Text(string key)
    {
        if (!_values.TryGetValue(key, out YamlNode? node))
            return null;
        if (node is YamlScalarNode { Value.Length: > 0 } scalar)
            return scalar.Value;
        _errors.Add(node, $"'{key}:' takes a text, not {Kind(node)}");
        return null;
    }

    /// <summary>A path made absolute: <c>~/</c> is the home folder, anything relative starts at the topology file.</summary>
    internal string? PathOf(string key) => Text(key) is { } path ? Resolve(path) : null;

    internal string Resolve(string path) =>
        path.StartsWith("~/", StringComparison.Ordinal)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..])
            : Path.GetFullPath(path, _folder);

    internal string? Choice(string key)
    {
        if (Text(key) is not { } text)
            return null;
        string[] choices = _section.Find(key)!.Choices;
        if (choices.Contains(text))
            return text;
        _errors.Add(At(key), $"'{key}: {text}' is none of {string.Join(", ", choices)}{DidYouMean(text, choices)}");
        return null;
    }

    internal int? Integer(string key)
    {
        if (Text(key) is not { } text)
            return null;
        (int low, int high) = _section.Find(key)!.Range;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && value >= low && value <= high)
            return value;
        _errors.Add(At(key), $"'{key}: {text}' is no whole number from {low} to {high}");
        return null;
    }

    internal bool? Boolean(string key)
    {
        if (Text(key) is not { } text)
            return null;
        if (text is "true" or "false")
            return text == "true";
        _errors.Add(At(key), $"'{key}: {text}' is neither true nor false");
        return null;
    }

    internal long? Size(string key)
    {
        if (Text(key) is not { } text)
            return null;
        if (ByteSize.TryParse(text, out long bytes) && bytes > 0)
            return bytes;
        _errors.Add(At(key), $"'{key}: {text}' is no size; write it like 256MiB or 8GiB");
        return null;
    }

    internal TimeSpan? Duration(string key)
    {
        if (Text(key) is not { } text)
            return null;
        ReadOnlySpan<(string Suffix, double Seconds)> units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];
        foreach ((string suffix, double seconds) in units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                && value * seconds is > 0 and <= 4e6)
                return TimeSpan.FromSeconds(value * seconds);
        }

        _errors.Add(At(key), $"'{key}: {text}' is no time; write it like 500ms, 30s or 5m");
        return null;
    }

    /// <summary>An Ethernet address.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isMatched">It is compared with frames, and may be any; otherwise it is one that a station can have.</param>
    internal PhysicalAddress? Mac(string key, bool isMatched = false)
    {
        if (Text(key) is not { } text)
            return null;
        if (text.Length == 17 && PhysicalAddress.TryParse(text.Replace(':', '-'), out PhysicalAddress? mac) && mac.GetAddressBytes().Length == 6)
        {
            bool isGroup = (mac.GetAddressBytes()[0] & 1) != 0;
            if (isMatched || (!isGroup && mac.GetAddressBytes().AsSpan().ContainsAnyExcept((byte)0)))
                return mac;
            _errors.Add(At(key), isGroup
                ? $"'{key}: {text}' is a group address; the first octet of a NIC's own address is even, such as 52:54:00:12:34:56"
                : $"'{key}: {text}' is nobody's address; a NIC's own is one like 52:54:00:12:34:56");
            return null;
        }

        _errors.Add(At(key), $"'{key}: {text}' is no Ethernet address; write it like 52:54:00:12:34:56");
        return null;
    }

    /// <summary>An address with its prefix length; −1 when none is written.</summary>
    internal (IPAddress Address, int PrefixLength)? Address(string key, int leastPrefix = 1) => Text(key) is { } text ? Address(key, text, At(key), leastPrefix) : null;

    internal IPNetwork? Network(string key)
    {
        if (Text(key) is not { } text || Address(key, text, At(key), leastPrefix: 0) is not { } network)
            return null;
        if (network.PrefixLength >= 0 && AddressPlan.NetworkOf(network.Address, network.PrefixLength) is var parsed && parsed.BaseAddress.Equals(network.Address))
            return parsed;
        _errors.Add(At(key), network.PrefixLength < 0
            ? $"'{key}:' lacks its prefix length; write it like 10.0.0.0/24"
            : $"'{key}: {text}' has bits set behind its prefix; the network is {AddressPlan.NetworkOf(network.Address, network.PrefixLength)}");
        return null;
    }

    /// <summary>A list of addresses, each with its place and its prefix length; −1 when none is written.</summary>
    internal IReadOnlyList<(IPAddress Address, int PrefixLength, YamlNode Node)> Addresses(string key)
    {
        List<(IPAddress, int, YamlNode)> addresses = [];
        IEnumerable<YamlNode> items = _values.GetValueOrDefault(key) is YamlScalarNode { Value.Length: > 0 } single ? [single] : Items(key);
        foreach (YamlNode item in items)
        {
            if (item is not YamlScalarNode { Value.Length: > 0 } scalar)
                _errors.Add(item, $"'{key}:' is a list of addresses; {Kind(item)} stands here");
            else if (Address(key, scalar.Value, item) is { } address)
                addresses.Add((address.Address, address.PrefixLength, item));
        }

        return addresses;
    }

    /// <summary>A mapping from names to addresses, with the place of each name.</summary>
    internal IEnumerable<(string Name, YamlNode Node, IPAddress Address)> AddressesByName(string key)
    {
        if (!_values.TryGetValue(key, out YamlNode? node) || IsNull(node))
            yield break;
        if (node is not YamlMappingNode mapping)
        {
            _errors.Add(node, $"'{key}:' is a mapping from names to addresses, not {Kind(node)}");
            yield break;
        }

        foreach ((YamlNode nameNode, YamlNode value) in mapping.Children)
        {
            string text = (value as YamlScalarNode)?.Value ?? "";
            if (Address((nameNode as YamlScalarNode)?.Value ?? "", text, value) is not { } address)
                continue;
            if (address.PrefixLength >= 0)
                _errors.Add(value, $"'{text}' is one station's address, without prefix length: {address.Address}");
            yield return ((nameNode as YamlScalarNode)?.Value ?? "", nameNode, address.Address);
        }
    }

    /// <summary>A point in time.</summary>
    internal DateTimeOffset? Instant(string key)
    {
        if (Text(key) is not { } text)
            return null;
        if (text.Contains('T', StringComparison.Ordinal)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset instant))
            return instant;
        _errors.Add(At(key), $"'{key}: {text}' is no point in time; write it like 2026-01-31T00:00:00Z");
        return null;
    }

    /// <summary>A list of names with the place of each.</summary>
    internal IReadOnlyList<(string Name, YamlNode Node)> Names(string key)
    {
        List<(string, YamlNode)> names = [];
        foreach (YamlNode item in Items(key))
        {
            if (item is YamlScalarNode { Value.Length: > 0 } scalar)
                names.Add((scalar.Value, item));
            else
                _errors.Add(item, $"'{key}:' is a list of names; {Kind(item)} stands here");
        }

        return names;
    }

    internal YamlSection? Child(string key) =>
        _values.TryGetValue(key, out YamlNode? node) ? Open(_section.Find(key)!.Section!, node, _errors, _folder, _section.Find(key)!.Shorthand) : null;

    internal IEnumerable<YamlSection> Children(string key)
    {
        Key own = _section.Find(key)!;
        IEnumerable<YamlNode> items = own.Shorthand != null && _values.TryGetValue(key, out YamlNode? lone) && lone is not YamlSequenceNode && !IsNull(lone) ? [lone] : Items(key);
        foreach (YamlNode item in items)
            yield return Open(own.Section!, item, _errors, _folder, own.Shorthand);
    }

    /// <summary>The user's own names below a key, each with its section.</summary>
    internal IEnumerable<(string Name, YamlSection Section)> ChildrenByName(string key)
    {
        if (!_values.TryGetValue(key, out YamlNode? node) || IsNull(node))
            yield break;
        if (node is not YamlMappingNode mapping)
        {
            _errors.Add(node, $"'{key}:' is a mapping from names to {key}, not {Kind(node)}");
            yield break;
        }

        foreach ((YamlNode nameNode, YamlNode value) in mapping.Children)
        {
            string name = (nameNode as YamlScalarNode)?.Value ?? "";
            if (!NameRule.IsMatch(name))
                _errors.Add(nameNode, $"'{name}' is no name: {NameRule.Text}");
            yield return (name, Open(_section.Find(key)!.Section!, value, _errors, _folder));
        }
    }

    /// <summary>The names below a key, each with its place and its section: an empty one for each name of a list.</summary>
    internal IReadOnlyList<(string Name, YamlNode Node, YamlSection Section)> NamesOrSections(string key)
    {
        Section section = _section.Find(key)!.Section!;
        if (_values.GetValueOrDefault(key) is not YamlMappingNode mapping)
            return [.. Names(key).Select(item => (item.Name, item.Node, Open(section, new YamlMappingNode(), _errors, _folder)))];
        return [.. mapping.Children.Select(item => ((item.Key as YamlScalarNode)?.Value ?? "", item.Key, Open(section, item.Value, _errors, _folder)))];
    }

    internal static string DidYouMean(string wrong, IEnumerable<string> candidates) =>
        NearestName.Find(wrong, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    private (IPAddress Address, int PrefixLength)? Address(string key, string text, YamlNode at, int leastPrefix = 1)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        int prefix = -1;
        // IPAddress.Parse takes "10.1" and "0x0a000001" as well; only the dotted quad and IPv6 are meant here.
        if (IPAddress.TryParse(slash < 0 ? text : text[..slash], out IPAddress? address)
            && (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3)
            && (slash < 0 || (int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix)
                && prefix >= leastPrefix && prefix <= address.GetAddressBytes().Length * 8)))
            return (address, prefix);
        string hint = text == "dhcp" && _section.Find("dhcp") is not null ? "to get one from a server, write 'dhcp: true' instead" : "write it like 10.0.0.1/24 or fd00::1/64";
        _errors.Add(at, $"'{key}: {text}' is no address; {hint}");
        return null;
    }

    private void ReadKeys(YamlMappingNode mapping)
    {
        foreach ((YamlNode keyNode, YamlNode value) in mapping.Children)
        {
            string name = (keyNode as YamlScalarNode)?.Value ?? "";
            if (_section.Find(name) is not null)
                _values[name] = value;
            else if (_section != TopologyLanguage.Root || !name.StartsWith(TopologyLanguage.ExtensionPrefix, StringComparison.Ordinal))
                _errors.Add(keyNode, $"unknown key '{name}' in a {_section.Name}{Suggest(name)}");
        }
    }

    private string Suggest(string name)
    {
        string nearest = DidYouMean(name, _section.Keys.Select(key => key.Name));
        return nearest.Length > 0 ? nearest : $"; it takes {ListKeys(_section)}";
    }

    private IEnumerable<YamlNode> Items(string key)
    {
        if (!_values.TryGetValue(key, out YamlNode? node) || IsNull(node))
            return [];
        if (node is YamlSequenceNode sequence)
            return sequence.Children;
        _errors.Add(node, $"'{key}:' is a list, not {Kind(node)}");
        return [];
    }

    private static bool IsNull(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    private static string ListKeys(Section section) => string.Join(", ", section.Keys.Select(key => key.Name));

    private static string Kind(YamlNode node) => node switch
    {
        YamlMappingNode => "a mapping",
        YamlSequenceNode => "a list",
        YamlScalarNode { Value.Length: > 0 } scalar => $"'{scalar.Value}'",
        _ => "nothing",
    };
}
