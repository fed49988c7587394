namespace Fabric.Link;

/// <summary>A port whose frames come from drivers and interfaces of the host, and which therefore checks itself when it starts.</summary>
public interface ICheckedPort : IPort
{
    /// <summary>What the check has found so far.</summary>
    OffloadCheck Check { get; }
}
