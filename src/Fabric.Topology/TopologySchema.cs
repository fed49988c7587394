using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Topology.Language;

namespace Fabric.Topology;

/// <summary>The JSON schema of the topology file (draft 2020-12), generated from the same description that the loader checks against.</summary>
public static class TopologySchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema as indented JSON text with a final newline.</summary>
    public static string Generate()
    {
        JsonObject root = Describe(TopologyLanguage.Root);
        root["patternProperties"] = new JsonObject { ["^" + TopologyLanguage.ExtensionPrefix] = new JsonObject() };
        JsonObject schema = new()
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "Fabric topology",
        };
        foreach ((string key, JsonNode? value) in root)
            schema[key] = value?.DeepClone();
        return schema.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Describe(Section section)
    {
        JsonObject properties = [];
        JsonArray required = [];
        foreach (Key key in section.Keys)
        {
            JsonObject property = Describe(key);
            property["description"] = key.Help;
            properties[key.Name] = property;
            if (key.IsRequired)
                required.Add(key.Name);
        }

        JsonObject schema = new()
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = properties,
        };
        if (required.Count > 0)
            schema["required"] = required;
        return schema;
    }

    private static JsonObject Describe(Key key) => key.Kind switch
    {
        ValueKind.Integer => new() { ["type"] = "integer", ["minimum"] = key.Range.Low, ["maximum"] = key.Range.High },
        ValueKind.Boolean => Typed("boolean"),
        ValueKind.Size => Pattern(@"^[0-9]+(\.[0-9]+)?\s*([KkMGT](i?B)?|B)?$", "string", "integer"),
        ValueKind.Duration => Pattern("^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$", "string"),
        ValueKind.Mac => Pattern("^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$", "string"),
        ValueKind.Choice => new() { ["enum"] = new JsonArray([.. key.Choices.Select(choice => JsonValue.Create(choice))]) },
        ValueKind.Section when key.Shorthand != null => ShorthandOr(key, Describe(key.Section!)),
        ValueKind.Section => Describe(key.Section!),
        ValueKind.SectionsByName => new() { ["type"] = new JsonArray("object", "null"), ["additionalProperties"] = OrNull(key.Section!) },
        ValueKind.Sections when key.Shorthand != null => ShorthandOr(key, Describe(key.Section!), new JsonObject { ["type"] = "array", ["items"] = ShorthandOr(key, Describe(key.Section!)) }),
        ValueKind.Sections => new() { ["type"] = new JsonArray("array", "null"), ["items"] = Describe(key.Section!) },
        ValueKind.NamesOrSections => new()
        {
            ["oneOf"] = new JsonArray(
                new JsonObject { ["type"] = "array", ["items"] = Typed("string") },
                new JsonObject { ["type"] = "object", ["additionalProperties"] = OrNull(key.Section!) }),
        },
        ValueKind.Addresses => new() { ["oneOf"] = new JsonArray(Typed("string"), new JsonObject { ["type"] = "array", ["items"] = Typed("string") }) },
        ValueKind.AddressesByName => new() { ["type"] = new JsonArray("object", "null"), ["additionalProperties"] = Typed("string") },
        ValueKind.Instant => new() { ["type"] = "string", ["format"] = "date-time" },
        ValueKind.Names => new() { ["type"] = new JsonArray("array", "null"), ["items"] = Typed("string") },
        _ => Typed("string"),
    };

    private static JsonObject ShorthandOr(Key key, params JsonNode[] others) => new() { ["oneOf"] = new JsonArray([Describe(key.Section!.Find(key.Shorthand!)!), .. others]) };

    private static JsonObject OrNull(Section section)
    {
        JsonObject schema = Describe(section);
        if (!section.Keys.Any(key => key.IsRequired))
            schema["type"] = new JsonArray("object", "null");
        return schema;
    }

    private static JsonObject Typed(string type) => new() { ["type"] = type };

    private static JsonObject Pattern(string pattern, params string[] types) => new()
    {
        ["type"] = types.Length == 1 ? types[0] : new JsonArray([.. types.Select(type => JsonValue.Create(type))]),
        ["pattern"] = pattern,
    };
}
