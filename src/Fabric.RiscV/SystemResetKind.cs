namespace Fabric.RiscV;

/// <summary>Reset types of the SBI system reset extension (SBI 2.0, section 10.1), with its numbers.</summary>
public enum SystemResetKind
{
    /// <summary>Power off.</summary>
    Shutdown = 0,

    /// <summary>Power cycle of the whole machine.</summary>
    ColdReboot = 1,

    /// <summary>Reset of the harts, devices stay powered.</summary>
    WarmReboot = 2,
}
