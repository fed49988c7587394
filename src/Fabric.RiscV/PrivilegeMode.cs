namespace Fabric.RiscV;

/// <summary>Privilege modes of a hart, numbered as in mstatus.MPP (privileged specification 1.12, section 1.2).</summary>
public enum PrivilegeMode
{
    /// <summary>U: applications.</summary>
    User = 0,

    /// <summary>S: the operating system.</summary>
    Supervisor = 1,

    /// <summary>M: firmware.</summary>
    Machine = 3,
}
