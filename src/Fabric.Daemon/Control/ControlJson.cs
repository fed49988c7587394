using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fabric.Daemon.Control;

/// <summary>How the control API's records are written: camel case, enums as words, nothing for what is null.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(Instance))]
[JsonSerializable(typeof(TopologyStatus))]
[JsonSerializable(typeof(IReadOnlyList<TopologyStatus>))]
[JsonSerializable(typeof(TopologyEvent))]
[JsonSerializable(typeof(VmStatus))]
[JsonSerializable(typeof(LinkStatus))]
[JsonSerializable(typeof(ExecRequest))]
[JsonSerializable(typeof(ExecEvent))]
[JsonSerializable(typeof(PingRequest))]
[JsonSerializable(typeof(PingReport))]
[JsonSerializable(typeof(ErrorReply))]
[JsonSerializable(typeof(SnapshotRequest))]
[JsonSerializable(typeof(SnapshotStatus))]
[JsonSerializable(typeof(SnapshotProgress))]
[JsonSerializable(typeof(IReadOnlyList<SnapshotStatus>))]
[JsonSerializable(typeof(IReadOnlyList<SnapshotDiff>))]
[JsonSerializable(typeof(IReadOnlyList<FdbStatus>))]
[JsonSerializable(typeof(IReadOnlyList<SnoopingReport>))]
[JsonSerializable(typeof(IReadOnlyList<OverlayReport>))]
[JsonSerializable(typeof(IReadOnlyList<OverlayCheckReport>))]
[JsonSerializable(typeof(IReadOnlyList<SwitchStatistics>))]
[JsonSerializable(typeof(IReadOnlyList<RouteStatus>))]
[JsonSerializable(typeof(IReadOnlyList<NeighborStatus>))]
[JsonSerializable(typeof(IReadOnlyList<RipReport>))]
[JsonSerializable(typeof(IReadOnlyList<LeaseStatus>))]
[JsonSerializable(typeof(IReadOnlyList<RouterStatistics>))]
public sealed partial class ControlJson : JsonSerializerContext
{
    private static readonly Lazy<ControlJson> LazyIndented = new(() => new ControlJson(CopyOptions(isIndented: true)));
    private static readonly Lazy<ControlJson> LazyCompact = new(() => new ControlJson(CopyOptions(isIndented: false)));

    /// <summary>One line without blanks.</summary>
    public static ControlJson Compact => LazyCompact.Value;

    /// <summary>The same, indented for people.</summary>
    public static ControlJson Indented => LazyIndented.Value;

    /// <summary>Quotation marks and what is not ASCII stand as they are: nothing here is put into a web page.</summary>
    private static JsonSerializerOptions CopyOptions(bool isIndented) =>
        new(Default!.Options) { WriteIndented = isIndented, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
