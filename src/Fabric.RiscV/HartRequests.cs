namespace Fabric.RiscV;

/// <summary>What other threads ask of a hart; served before its next block.</summary>
[Flags]
internal enum HartRequests
{
    None = 0,
    Stop = 1,
    FlushTlb = 2,
    FenceI = 4,
}

/// <summary>States of SBI hart state management (SBI 2.0, section 9.4), with its numbers.</summary>
internal enum HartRunState
{
    Started = 0,
    Stopped = 1,
    StartPending = 2,
    Suspended = 4,
}
