namespace Fabric.RiscV;

/// <summary>Interrupt wires into a hart, numbered as in mip (privileged specification 1.12, section 3.1.9).</summary>
public enum InterruptLine
{
    /// <summary>SSIP: supervisor software interrupt; the guest may clear it itself.</summary>
    SupervisorSoftware = 1,

    /// <summary>MSIP: machine software interrupt, driven by the MSWI registers.</summary>
    MachineSoftware = 3,

    /// <summary>MTIP: machine timer interrupt.</summary>
    MachineTimer = 7,

    /// <summary>SEIP: supervisor external interrupt, driven by the interrupt controller.</summary>
    SupervisorExternal = 9,

    /// <summary>MEIP: machine external interrupt, driven by the interrupt controller.</summary>
    MachineExternal = 11,
}
