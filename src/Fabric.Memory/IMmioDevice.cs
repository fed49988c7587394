namespace Fabric.Memory;

/// <summary>A device whose registers are mapped into guest-physical address space.</summary>
/// <remarks>Called on the thread of the vCPU that made the access, by several of them at once: implementations lock for
/// themselves, must not block on I/O and must not throw for anything a guest does.</remarks>
public interface IMmioDevice
{
    /// <summary>Reads a register.</summary>
    /// <param name="offset">Offset from the start of the device's window, in bytes; inside the window.</param>
    /// <param name="size">Access width: 1, 2, 4 or 8 bytes.</param>
    /// <returns>The value, little-endian, zero-extended; 0 for a register that does not exist.</returns>
    ulong Read(ulong offset, int size);

    /// <summary>Writes a register; a write that makes no sense is ignored.</summary>
    /// <param name="offset">Offset from the start of the device's window, in bytes; inside the window.</param>
    /// <param name="size">Access width: 1, 2, 4 or 8 bytes.</param>
    /// <param name="value">The value, little-endian, in the low <paramref name="size"/> bytes.</param>
    void Write(ulong offset, int size, ulong value);
}
