namespace Fabric.Images.Apt;

/// <summary>Reads the machine's package sources, in both forms of sources.list(5): a line per source, and stanzas (deb822).</summary>
internal static class AptSourceList
{
    private static readonly string[] s_releases =
        ["oldoldstable", "oldstable", "stable", "testing", "unstable", "sid", "bullseye", "bookworm", "trixie", "forky", "duke"];

    /// <summary>All sources of binary packages under an apt configuration directory, in apt's order.</summary>
    public static IEnumerable<AptSource> ReadAll(string directory)
    {
        string main = Path.Combine(directory, "sources.list");
        if (File.Exists(main))
        {
            foreach (AptSource source in ParseLines(File.ReadLines(main)))
                yield return source;
        }

        string parts = Path.Combine(directory, "sources.list.d");
        if (!Directory.Exists(parts))
            yield break;
        foreach (string file in Directory.EnumerateFiles(parts).Order(StringComparer.Ordinal))
        {
            IEnumerable<AptSource> sources = Path.GetExtension(file) switch
            {
                ".list" => ParseLines(File.ReadLines(file)),
                ".sources" => ParseStanzas(File.ReadLines(file)),
                _ => [],
            };
            foreach (AptSource source in sources)
                yield return source;
        }
    }

    /// <summary>The machine's Debian archive: the first source of a release's main part, an archive called "debian" before others.
    /// Additional suites (security, updates) and third parties' archives are none.</summary>
    public static AptSource? FindDebian(IEnumerable<AptSource> sources)
    {
        AptSource[] candidates =
            [.. sources.Where(s => s_releases.Contains(s.Suite) && s.Components.Contains("main") && !s.Uri.StartsWith("cdrom:", StringComparison.Ordinal))];
        return candidates.FirstOrDefault(s => s.Uri.TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal)) ?? candidates.FirstOrDefault();
    }

    /// <summary>The one-line form: <c>deb [option=value …] uri suite component …</c>.</summary>
    public static IEnumerable<AptSource> ParseLines(IEnumerable<string> lines)
    {
        foreach (string raw in lines)
        {
            string line = raw.Split('#')[0].Trim();
            string? signedBy = null;
            if (!line.StartsWith("deb ", StringComparison.Ordinal) && !line.StartsWith("deb\t", StringComparison.Ordinal))
                continue;
            line = line[3..].Trim();
            if (line.StartsWith('['))
            {
                int end = line.IndexOf(']', StringComparison.Ordinal);
                if (end < 0)
                    continue;
                signedBy = KeyringOf(line[1..end].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                    .FirstOrDefault(o => o.StartsWith("signed-by=", StringComparison.OrdinalIgnoreCase))?["signed-by=".Length..]);
                line = line[(end + 1)..];
            }

            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2)
                yield return new AptSource(words[0], words[1], words[2..], signedBy);
        }
    }

    /// <summary>The stanza form: <c>Types, URIs, Suites, Components, Signed-By, Enabled</c>; values may go on in indented lines.</summary>
    public static IEnumerable<AptSource> ParseStanzas(IEnumerable<string> lines)
    {
        Dictionary<string, string> fields = new(StringComparer.OrdinalIgnoreCase);
        string? field = null;
        foreach (string line in lines.Append(""))
        {
            if (line.StartsWith('#'))
                continue;
            if (string.IsNullOrWhiteSpace(line))
            {
                foreach (AptSource source in FromFields(fields))
                    yield return source;
                fields.Clear();
                field = null;
            }
            else if (char.IsWhiteSpace(line[0]) && field is not null)
            {
                fields[field] += "\n" + line.Trim();
            }
            else if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and int colon)
            {
                field = line[..colon].Trim();
                fields[field] = line[(colon + 1)..].Trim();
            }
        }
    }

    private static IEnumerable<AptSource> FromFields(Dictionary<string, string> fields)
    {
        string[] Words(string name) => fields.GetValueOrDefault(name, "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        bool isEnabled = !new[] { "no", "false", "0" }.Contains(fields.GetValueOrDefault("Enabled", "yes").ToLowerInvariant());
        if (!isEnabled || !Words("Types").Contains("deb"))
            yield break;
        foreach (string uri in Words("URIs"))
        {
            foreach (string suite in Words("Suites"))
                yield return new AptSource(uri, suite, Words("Components"), KeyringOf(fields.GetValueOrDefault("Signed-By")));
        }
    }

    // The field may also hold a key in text form, or fingerprints; only a file can be handed on.
    private static string? KeyringOf(string? signedBy) =>
        signedBy is not null && signedBy.StartsWith('/') && !signedBy.Contains('\n', StringComparison.Ordinal) ? signedBy.Split(',')[0].Trim() : null;
}
