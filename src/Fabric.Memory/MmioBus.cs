namespace Fabric.Memory;

/// <summary>The MMIO half of guest-physical address space: which window belongs to which device.</summary>
/// <remarks>Windows are mapped before the machine starts; look-ups are lock-free and allocate nothing.</remarks>
public sealed class MmioBus
{
    private Window[] _windows = [];

    /// <summary>Gives a window to a device.</summary>
    /// <param name="range">The window in guest-physical addresses.</param>
    /// <param name="device">The device that answers there.</param>
    /// <exception cref="ArgumentException">The window is empty or overlaps another one.</exception>
    public void Map(MemoryRange range, IMmioDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (range.Length == 0 || range.Base + (range.Length - 1) < range.Base)
            throw new ArgumentException($"MMIO window at 0x{range.Base:x} is empty or wraps around.", nameof(range));
        foreach (Window window in _windows)
        {
            if (window.Range.Overlaps(range))
                throw new ArgumentException($"MMIO window at 0x{range.Base:x} overlaps the one at 0x{window.Range.Base:x}.", nameof(range));
        }

        _windows = [.. _windows.Append(new Window(range, device)).OrderBy(w => w.Range.Base)];
    }

    /// <summary>Reads a device register.</summary>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="value">The value, zero-extended.</param>
    /// <returns>False when no device answers there: the vCPU raises an access fault.</returns>
    public bool TryRead(ulong address, int size, out ulong value)
    {
        foreach (ref readonly Window window in _windows.AsSpan())
        {
            if (window.Range.Contains(address, (ulong)size))
            {
                value = window.Device.Read(address - window.Range.Base, size);
                return true;
            }
        }

        value = 0;
        return false;
    }

    /// <summary>Writes a device register.</summary>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    /// <param name="value">The value in the low <paramref name="size"/> bytes.</param>
    /// <returns>False when no device answers there: the vCPU raises an access fault.</returns>
    public bool TryWrite(ulong address, int size, ulong value)
    {
        foreach (ref readonly Window window in _windows.AsSpan())
        {
            if (window.Range.Contains(address, (ulong)size))
            {
                window.Device.Write(address - window.Range.Base, size, value);
                return true;
            }
        }

        return false;
    }

    private readonly record struct Window(MemoryRange Range, IMmioDevice Device);
}
