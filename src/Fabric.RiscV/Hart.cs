using Fabric.Memory;

namespace Fabric.RiscV;

/// <summary>One RV64IMAFDC hardware thread with machine, supervisor and user mode.</summary>
/// <remarks>
/// <para><b>The way of an instruction.</b> The loop (Hart.Execute.cs) holds a pc. It translates the pc's page in the fetch table of the
/// <c>Tlb</c>, which gives a guest-physical address, and looks for the decoded block at that address in the <c>BlockCache</c>. A miss
/// walks the page table (<c>PageTable</c>) or decodes (<c>BlockDecoder</c>, <c>Compressed</c>): up to 96 instructions, until one that may
/// lead elsewhere or the page's end. A block is an array of 16-byte <c>Op</c>s, immediates resolved, writes to x0 redirected, common
/// pairs fused. The loop runs it through one switch. Loads and stores look into a data table in line; whatever misses there (another
/// page, a device, a misaligned address) takes the slow way in Hart.Memory.cs. Rare instructions are out of line in Hart.Slow.cs and
/// Hart.Float.cs.</para>
/// <para><b>Leading on.</b> Blocks are keyed by physical address and know nothing of virtual ones, so processes share them. A branch
/// inside its page is linked to its target block for good: a page moves as a whole, so the link holds under each mapping. A jump to
/// another page remembers the block it led to as a guess, checked against the fetch table.</para>
/// <para><b>When code changes.</b> The architecture promises nothing before FENCE.I. That starts a new code generation; a block of an older
/// one is compared with memory when it is entered next, and decoded anew only when it differs.</para>
/// <para><b>Attention.</b> The same generation number stops the loop: whoever wants something of the hart (an interrupt, a fence, a stop)
/// sets a bit and then the number that no block has, and the loop lands in <see cref="Attend"/> at its next block
/// (Hart.Interrupts.cs). Timers are looked at every 10,000 instructions and in WFI, where the hart sleeps until its next timer.</para>
/// <para><b>Counting.</b> A block adds its length on entry; an exception gives back what did not retire. So instret is exact
/// wherever the guest can look.</para>
/// <para><b>Traps.</b> An exception is recorded as cause and value by whoever finds it and raised in one place (Hart.Traps.cs). With
/// <see cref="Sbi"/> set, S-mode runs as under firmware that delegated everything, and its ecalls are answered in this process. A
/// handler that cannot execute its first instruction would loop for ever; after 1000 exceptions without one instruction retired the
/// hart gives up with <see cref="HartExit.Failed"/>, and only its machine ends.</para>
/// <para><b>Memory order.</b> Guest loads and stores are host loads and stores of the same width, atomics are host atomics, FENCE is a
/// full barrier. LR/SC compares values, so a store of the same value in between goes unnoticed.</para>
/// <para><b>States.</b> Started, or, under the built-in SBI, stopped (harts other than 0 after a reset, and after HSM stop), start
/// pending, suspended. A stopped hart waits inside <see cref="Run"/>.</para>
/// <para>Standards: unprivileged specification 20191213, privileged specification 1.12, Sstc 1.0, SBI 2.0. Physical memory protection
/// registers are kept but not enforced; there are no address-space identifiers, hardware sets accessed and dirty bits.</para>
/// <para><see cref="Run"/> belongs to one thread at a time; <see cref="RequestStop"/>, <see cref="SetInterrupt"/> and
/// <see cref="InstructionsRetired"/> may be used from any; everything else only while the hart is not running.</para>
/// </remarks>
public sealed unsafe partial class Hart
{
    /// <summary>Number of integer registers.</summary>
    private const int RegisterCount = 32;

    private readonly GuestMemory _memory;
    private readonly MmioBus _bus;
    private readonly GuestClock _clock;
    private readonly byte[] _stateMemory;
    private readonly HartState* _state;
    private readonly Tlb _tlb;
    private readonly BlockCache _blocks;
    private PrivilegeMode _mode;

    /// <summary>Makes a hart that waits to be reset.</summary>
    /// <param name="id">mhartid.</param>
    /// <param name="memory">RAM; must outlive the hart's last <see cref="Run"/>.</param>
    /// <param name="bus">Devices.</param>
    /// <param name="clock">The platform's timer, read by <c>time</c> and compared with the timer registers.</param>
    public Hart(int id, GuestMemory memory, MmioBus bus, GuestClock clock)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(clock);
        Id = id;
        _memory = memory;
        _bus = bus;
        _clock = clock;
        _event = new HartEvent(clock);
        const nuint line = 64;
        _stateMemory = GC.AllocateArray<byte>(sizeof(HartState) + (int)line, pinned: true);
        // SAFETY: a pinned array never moves and is kept alive by this object; aligning up stays inside its slack.
        nuint raw = (nuint)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_stateMemory, 0);
        _state = (HartState*)((raw + line - 1) & ~(line - 1));
        _tlb = new Tlb();
        _blocks = new BlockCache();
        _state->Blocks = _blocks.Table;
        Reset(0, 0, 0, PrivilegeMode.Machine);
    }

    /// <summary>mhartid.</summary>
    public int Id { get; }

    /// <summary>The built-in execution environment; null when firmware in M-mode takes the ecalls of S-mode. Set before <see cref="Reset"/>.</summary>
    public Sbi? Sbi { get; set; }

    /// <summary>Address of the next instruction. Exact while the hart is not running.</summary>
    public ulong Pc => _state->Pc;

    /// <summary>Current privilege mode. Exact while the hart is not running.</summary>
    public PrivilegeMode Mode => _mode;

    /// <summary>Instructions retired since construction; exact while the hart is not running, else some thousands late.</summary>
    public long InstructionsRetired => Volatile.Read(ref _state->Retired);

    /// <summary>After <see cref="HartExit.Failed"/>: one line on what went wrong, else null.</summary>
    public string? FailureReason { get; private set; }

    /// <summary>The RAM this hart sees.</summary>
    internal GuestMemory Memory => _memory;

    /// <summary>Reads an integer register of a stopped hart.</summary>
    /// <param name="x">0 … 31.</param>
    public ulong ReadRegister(int x)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(x);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(x, RegisterCount);
        return _state->X[x];
    }

    /// <summary>Reads a floating-point register of a stopped hart.</summary>
    /// <param name="f">0 … 31.</param>
    /// <returns>The raw 64 bits; single-precision values are NaN-boxed.</returns>
    public ulong ReadFloatRegister(int f)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(f);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(f, RegisterCount);
        return _state->F[f];
    }

    /// <summary>Writes an integer register of the hart on whose thread this runs, or of a stopped one.</summary>
    internal void WriteRegister(int x, ulong value)
    {
        if (x != 0)
            _state->X[x] = value;
    }

    /// <summary>Puts the hart into its reset state. Only while it is not running.</summary>
    /// <param name="pc">First instruction.</param>
    /// <param name="a0">Value of a0; the boot protocols pass the hart id.</param>
    /// <param name="a1">Value of a1; the boot protocols pass the device tree's address.</param>
    /// <param name="mode">Mode to start in: Machine for firmware, Supervisor for a kernel under the built-in SBI.</param>
    /// <remarks>With <see cref="Sbi"/> set, harts other than 0 stay stopped until the guest starts them. Levels on external
    /// interrupt wires are kept. Instructions retired go on counting.</remarks>
    public void Reset(ulong pc, ulong a0, ulong a1, PrivilegeMode mode)
    {
        new Span<ulong>(_state->X, RegisterCount + 1).Clear();
        new Span<ulong>(_state->F, RegisterCount).Clear();
        FailureReason = null;
        ResetCsrs();
        ResetInterrupts();
        _reservation = null;
        _tlb.Flush();
        Start(pc, a0, a1, mode);
        _blocks.Advance();
        _runState = (int)(Sbi != null && Id != 0 ? HartRunState.Stopped : HartRunState.Started);
        _state->Generation = HartState.AttentionGeneration;
    }

    private void Start(ulong pc, ulong a0, ulong a1, PrivilegeMode mode)
    {
        _state->X[10] = a0;
        _state->X[11] = a1;
        _state->Pc = pc & ~1ul;
        _mode = mode;
        if (Sbi != null)
            DelegateToSupervisor();
        UpdateContext();
    }
}
