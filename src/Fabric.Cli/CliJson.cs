using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Fabric.Cli.Serving;
using Fabric.Topology;

namespace Fabric.Cli;

/// <summary>How the command line's own records are written as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<TopologyError>))]
[JsonSerializable(typeof(IReadOnlyList<ImageEntry>))]
[JsonSerializable(typeof(ServedBond))]
[JsonSerializable(typeof(ServedDisk))]
[JsonSerializable(typeof(ServedFault))]
[JsonSerializable(typeof(CapturedLine))]
[JsonSerializable(typeof(ServedPort))]
[JsonSerializable(typeof(ServedReady))]
[JsonSerializable(typeof(ServedStatistics))]
[JsonSerializable(typeof(ServedTree))]
internal sealed partial class CliJson : JsonSerializerContext
{
    private static readonly Lazy<CliJson> LazyIndented = new(() => new CliJson(new JsonSerializerOptions(Default!.Options) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));

    private static readonly Lazy<CliJson> LazyLine = new(() => new CliJson(new JsonSerializerOptions(Default!.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));

    /// <summary>The same, on one line.</summary>
    public static CliJson Line => LazyLine.Value;

    /// <summary>The same, indented for people.</summary>
    public static CliJson Indented => LazyIndented.Value;
}
