using System.Text.Json.Serialization;

namespace Fabric.Daemon.Control;

/// <summary>Whether the way to a far end carries what an overlay sends.</summary>
public enum OverlayCheckVerdict
{
    /// <summary>It does.</summary>
    [JsonStringEnumMemberName("enough")]
    Enough,

    /// <summary>It does not: longer packets are lost.</summary>
    [JsonStringEnumMemberName("short")]
    Short,

    /// <summary>Nothing says that it does not, but no echo came back.</summary>
    [JsonStringEnumMemberName("unknown")]
    Unknown,

    /// <summary>There is no way there.</summary>
    [JsonStringEnumMemberName("noWay")]
    NoWay,
}
