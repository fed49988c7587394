using System.Text.Json.Serialization;

namespace Fabric.Daemon.Control;

/// <summary>What an event of a topology tells.</summary>
public enum TopologyEventKind
{
    /// <summary>A guest image is there.</summary>
    [JsonStringEnumMemberName("image")]
    Image,

    /// <summary>A disk was made or opened.</summary>
    [JsonStringEnumMemberName("disk")]
    Disk,

    /// <summary>The disks have used up the room they may take on the host.</summary>
    [JsonStringEnumMemberName("pool")]
    Pool,

    /// <summary>A switch forwards.</summary>
    [JsonStringEnumMemberName("switch")]
    Switch,

    /// <summary>A segment is shared with other machines.</summary>
    [JsonStringEnumMemberName("overlay")]
    Overlay,

    /// <summary>A cable leads to another site.</summary>
    [JsonStringEnumMemberName("cable")]
    Cable,

    /// <summary>A router forwards.</summary>
    [JsonStringEnumMemberName("router")]
    Router,

    /// <summary>The hosts answer.</summary>
    [JsonStringEnumMemberName("hosts")]
    Hosts,

    /// <summary>A long step goes on: bytes done of bytes in all. Only the newest of a subject is kept.</summary>
    [JsonStringEnumMemberName("progress")]
    Progress,

    /// <summary>A machine changed its state, or its agent answered.</summary>
    [JsonStringEnumMemberName("vm")]
    Vm,

    /// <summary>Every machine runs and every agent answers.</summary>
    [JsonStringEnumMemberName("ready")]
    Ready,

    /// <summary>The start failed; what had been built was taken down.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>The topology is being taken down.</summary>
    [JsonStringEnumMemberName("stopping")]
    Stopping,

    /// <summary>The topology is down.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped,
}
