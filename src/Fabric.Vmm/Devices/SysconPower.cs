using Fabric.Memory;

namespace Fabric.Vmm.Devices;

/// <summary>SiFive's test finisher, described to the guest as a syscon with a power-off and a reboot value.</summary>
/// <remarks>One register at offset 0: 0x5555 powers off, 0x7777 resets, 0x3333 powers off with the exit code of a failure above it.</remarks>
internal sealed class SysconPower(Action<PowerRequest> onRequest) : IMmioDevice
{
    internal const uint PowerOff = 0x5555;
    internal const uint Reboot = 0x7777;
    internal const uint Fail = 0x3333;

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size) => 0;

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        if (offset != 0 || size < 2)
            return;
        switch ((uint)value & 0xffff)
        {
            case PowerOff:
                onRequest(PowerRequest.PowerOff);
                break;
            case Reboot:
                onRequest(PowerRequest.Reboot);
                break;
            case Fail:
                onRequest(PowerRequest.Failure);
                break;
            default:
                break;
        }
    }
}
