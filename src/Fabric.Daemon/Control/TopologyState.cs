using System.Text.Json.Serialization;

namespace Fabric.Daemon.Control;

/// <summary>Where a topology stands.</summary>
public enum TopologyState
{
    /// <summary>Images, disks, switches or machines are being brought up.</summary>
    [JsonStringEnumMemberName("starting")]
    Starting,

    /// <summary>Everything was started; single machines may have been stopped since.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>Being taken down.</summary>
    [JsonStringEnumMemberName("stopping")]
    Stopping,

    /// <summary>Everything is released.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,
}
