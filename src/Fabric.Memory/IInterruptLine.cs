namespace Fabric.Memory;

/// <summary>A level-triggered interrupt wire from a device to an interrupt controller. May be called from any thread; never blocks
/// for long and never throws.</summary>
public interface IInterruptLine
{
    /// <summary>Drives the wire.</summary>
    /// <param name="asserted">True while the device wants service.</param>
    void SetLevel(bool asserted);
}
