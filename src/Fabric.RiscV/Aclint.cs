using Fabric.Memory;

namespace Fabric.RiscV;

/// <summary>The core-local interruptor: machine software interrupts (MSWI) and machine timers (MTIMER) in the SiFive CLINT layout
/// (RISC-V ACLINT specification 1.0, chapters 2 and 3).</summary>
/// <remarks>msip at 0 + 4·hart, mtimecmp at 0x4000 + 8·hart, mtime at 0xbff8 (read-only: the platform's clock drives it).</remarks>
public sealed class Aclint : IMmioDevice
{
    /// <summary>Size of the register window in bytes.</summary>
    public const ulong WindowSize = 0x10000;

    private const ulong TimeCompareBase = 0x4000;
    private const ulong TimeBase = 0xbff8;
    private readonly IReadOnlyList<Hart> _harts;
    private readonly GuestClock _clock;

    /// <summary>Wires the interruptor to its harts.</summary>
    /// <param name="harts">Hart i is driven by the i-th registers.</param>
    /// <param name="clock">Counted by mtime.</param>
    public Aclint(IReadOnlyList<Hart> harts, GuestClock clock)
    {
        ArgumentNullException.ThrowIfNull(harts);
        ArgumentNullException.ThrowIfNull(clock);
        _harts = harts;
        _clock = clock;
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        ulong register = ReadRegister(offset & ~7ul) >> (int)(offset & 7) * 8;
        return size == 8 ? register : register & ((1ul << (size * 8)) - 1);
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        if (offset < TimeCompareBase)
        {
            if (size == 4 && (offset & 3) == 0 && offset / 4 < (ulong)_harts.Count)
                _harts[(int)(offset / 4)].SetInterrupt(InterruptLine.MachineSoftware, (value & 1) != 0);
            return;
        }

        ulong index = (offset - TimeCompareBase) / 8;
        if (index >= (ulong)_harts.Count)
            return;
        Hart hart = _harts[(int)index];
        if (size == 8 && (offset & 7) == 0)
            hart.MachineTimeCompare = value;
        else if (size == 4 && (offset & 7) == 0)
            hart.MachineTimeCompare = (hart.MachineTimeCompare & ~0xffff_fffful) | (uint)value;
        else if (size == 4 && (offset & 7) == 4)
            hart.MachineTimeCompare = (uint)hart.MachineTimeCompare | (value << 32);
    }

    private ulong ReadRegister(ulong offset)
    {
        if (offset == TimeBase)
            return _clock.Now;
        if (offset < TimeCompareBase)
            return ReadSoftware(offset / 4) | ReadSoftware((offset / 4) + 1) << 32;
        ulong index = (offset - TimeCompareBase) / 8;
        return index < (ulong)_harts.Count ? _harts[(int)index].MachineTimeCompare : 0;
    }

    private ulong ReadSoftware(ulong index) =>
        index < (ulong)_harts.Count && _harts[(int)index].IsPending(InterruptLine.MachineSoftware) ? 1ul : 0;
}
