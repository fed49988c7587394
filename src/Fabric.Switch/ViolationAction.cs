namespace Fabric.Switch;

/// <summary>What a violation of <see cref="PortSecurity"/> causes.</summary>
public enum ViolationAction
{
    /// <summary>The frame is dropped.</summary>
    Drop,

    /// <summary>The frame is dropped and the port is shut: nothing passes it until <see cref="EthernetSwitch.Reopen"/>.</summary>
    Shut,
}
