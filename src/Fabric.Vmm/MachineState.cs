namespace Fabric.Vmm;

/// <summary>Where a machine stands in its life cycle; <see cref="Machine"/> describes the ways between the states.</summary>
public enum MachineState
{
    /// <summary>Built, never started; its RAM is untouched.</summary>
    Created,

    /// <summary>Its harts run.</summary>
    Running,

    /// <summary>Its harts and its clock stand still and go on from here on <see cref="Machine.Resume"/>.</summary>
    Paused,

    /// <summary>Still running, asked to power off.</summary>
    Stopping,

    /// <summary>Powered off, by the guest or by the operator; its RAM is given back.</summary>
    Stopped,

    /// <summary>Ended by a fault of the guest or of its images; <see cref="Machine.StopReason"/> says which.</summary>
    Failed,
}
