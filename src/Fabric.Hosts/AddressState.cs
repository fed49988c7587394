namespace Fabric.Hosts;

/// <summary>Whether a host can use an address (RFC 4862, 2; RFC 5227, 2).</summary>
public enum AddressState
{
    /// <summary>Still being probed: not used.</summary>
    Tentative,

    /// <summary>In use.</summary>
    Assigned,

    /// <summary>Somebody else has it: not used.</summary>
    Duplicate,
}
