namespace Fabric.Vmm.Devices;

/// <summary>What a guest asks of its board.</summary>
internal enum PowerRequest
{
    /// <summary>Switch the machine off.</summary>
    PowerOff,

    /// <summary>Start it again from its reset state.</summary>
    Reboot,

    /// <summary>Switch it off because the guest has failed.</summary>
    Failure,
}
