using Fabric.Topology.Yaml;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Fabric.Topology;

/// <summary>Reads a topology file.</summary>
/// <remarks>
/// <para>A file passes three gates. First YAML itself: syntax, duplicate keys, anchors and merges (<c>&lt;&lt;</c>). Then the language
/// (Language/TopologyLanguage.cs): every key known, every value of its kind; the JSON schema that editors use is generated from the
/// same description. Last the meaning: every name refers to something, nothing is used twice that can be used once, every
/// address lies in its network. What passes is an immutable <see cref="TopologyModel"/> that nothing downstream checks again.</para>
/// <para>All faults of a file are reported together, each as <c>file:line:column: what is wrong, and the nearest right thing</c>. The
/// meaning is only looked at where the language was right, so that one typing mistake gives one line.</para>
/// <para>Nothing is opened but the file itself: whether a kernel or a disk exists is asked when the topology comes up.</para>
/// </remarks>
public static class TopologyLoader
{
    /// <summary>Largest file read, in bytes.</summary>
    private const long MaxFileSize = 16 << 20;

    /// <summary>Reads and validates a file.</summary>
    /// <param name="path">The YAML file.</param>
    /// <returns>The model.</returns>
    /// <exception cref="TopologyException">The file cannot be read or is wrong; carries every fault found.</exception>
    public static TopologyModel Load(string path)
    {
        ErrorList errors = new(path);
        string fullPath = Path.GetFullPath(path);
        YamlSection root = YamlSection.Open(Language.TopologyLanguage.Root, ReadYaml(fullPath, errors), errors, Path.GetDirectoryName(fullPath)!);
        if (root.Node is not YamlMappingNode { Children.Count: > 0 } && errors.IsEmpty)
            errors.Add(root.Node, $"the file holds no topology; it takes {string.Join(", ", Language.TopologyLanguage.Root.Keys.Select(key => key.Name))}");
        TopologyModel model = new TopologyReader(root, errors, fullPath).Read();
        return errors.IsEmpty ? model : throw errors.ToException();
    }

    private static YamlNode ReadYaml(string fullPath, ErrorList errors)
    {
        Parser? parser = null;
        try
        {
            if (new FileInfo(fullPath) is { Exists: true, Length: > MaxFileSize })
                throw new IOException($"the file is larger than {ByteSize.Format(MaxFileSize)}");
            using StreamReader reader = new(fullPath);
            YamlStream stream = [];
            parser = new Parser(reader);
            stream.Load(new MergingParser(parser));
            if (stream.Documents.Count > 1)
                errors.Add(stream.Documents[1].RootNode, "a second YAML document starts here; a topology file holds one");
            return stream.Documents.Count == 0 ? new YamlMappingNode() : stream.Documents[0].RootNode;
        }
        catch (YamlException e)
        {
            errors.Add(e.Start, $"not valid YAML: {(e.InnerException ?? e).Message}");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or KeyNotFoundException)
        {
            // The YAML library reports some broken inputs (a flow mapping that never ends, an alias in a merge) without their place.
            string what = e is KeyNotFoundException ? "an alias (*name) refers to no anchor (&name)" : "a bracket, brace or quote opened before is not closed";
            errors.Add(parser?.Current?.End ?? new Mark(0, 1, 1), "not valid YAML: " + what);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add(new Mark(0, 1, 1), e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : $"cannot be read: {e.Message}");
        }

        throw errors.ToException();
    }
}
