using Fabric.Memory;

namespace Fabric.RiscV;

/// <summary>The platform-level interrupt controller (RISC-V PLIC specification 1.0.0) with two contexts per hart: 2h for machine
/// mode, 2h + 1 for supervisor mode.</summary>
/// <remarks>
/// <para>Sources are level-triggered. A gateway turns a high level into one pending bit, holds further requests back from claim to
/// completion, and asks again at completion when the level is still high. Among the pending, enabled sources above a context's
/// threshold the highest priority wins, then the lowest number.</para>
/// <para>Layout: priorities at 0, pending bits at 0x1000, enables at 0x2000 + 0x80·context, threshold and claim at
/// 0x200000 + 0x1000·context. Priorities have three bits. All members may be called from any thread.</para>
/// </remarks>
public sealed class Plic : IMmioDevice
{
    /// <summary>Size of the register window in bytes.</summary>
    public const ulong WindowSize = 0x600000;

    private const uint PriorityMask = 7;
    private const ulong PendingBase = 0x1000;
    private const ulong EnableBase = 0x2000;
    private const ulong EnableStride = 0x80;
    private const ulong ContextBase = 0x200000;
    private const ulong ContextStride = 0x1000;

    private readonly Lock _gate = new();
    private readonly IReadOnlyList<Hart> _harts;
    private readonly uint[] _priorities;
    private readonly uint[] _levels;
    private readonly uint[] _pending;
    private readonly uint[] _claimed;
    private readonly Context[] _contexts;
    private readonly Gateway[] _gateways;

    /// <summary>Wires the controller to its harts.</summary>
    /// <param name="harts">Hart i has contexts 2i and 2i + 1.</param>
    /// <param name="sources">Number of sources, 1 … 1023; source 0 does not exist.</param>
    public Plic(IReadOnlyList<Hart> harts, int sources = 127)
    {
        ArgumentNullException.ThrowIfNull(harts);
        ArgumentOutOfRangeException.ThrowIfLessThan(sources, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sources, 1023);
        _harts = harts;
        int words = (sources / 32) + 1;
        _priorities = new uint[sources + 1];
        _levels = new uint[words];
        _pending = new uint[words];
        _claimed = new uint[words];
        _contexts = new Context[harts.Count * 2];
        for (int i = 0; i < _contexts.Length; i++)
            _contexts[i] = new Context(words);
        _gateways = new Gateway[sources + 1];
        for (int i = 0; i <= sources; i++)
            _gateways[i] = new Gateway(this, i);
    }

    /// <summary>The wire into one source's gateway.</summary>
    /// <param name="source">1 … the number of sources.</param>
    public IInterruptLine Line(int source)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(source, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(source, _gateways.Length);
        return _gateways[source];
    }

    /// <summary>Forgets priorities, enables, thresholds and claims. The wires keep their levels.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            Array.Clear(_priorities);
            Array.Clear(_claimed);
            foreach (Context context in _contexts)
            {
                Array.Clear(context.Enables);
                context.Threshold = 0;
            }

            _levels.CopyTo(_pending, 0);
            UpdateLocked();
        }
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        if (size != 4 || (offset & 3) != 0)
            return 0;
        lock (_gate)
        {
            if (offset < PendingBase)
                return offset / 4 < (ulong)_priorities.Length ? _priorities[offset / 4] : 0;
            if (offset < EnableBase)
                return Word(_pending, (offset - PendingBase) / 4);
            if (offset < ContextBase)
                return TryContext((offset - EnableBase) / EnableStride, out Context? enabler) ? Word(enabler.Enables, (offset % EnableStride) / 4) : 0;
            if (!TryContext((offset - ContextBase) / ContextStride, out Context? context))
                return 0;
            return (offset % ContextStride) switch
            {
                0 => context.Threshold,
                4 => ClaimLocked(context),
                _ => 0,
            };
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        if (size != 4 || (offset & 3) != 0)
            return;
        lock (_gate)
        {
            if (offset < PendingBase)
                WritePriorityLocked(offset / 4, (uint)value);
            else if (offset >= ContextBase)
                WriteContextLocked(offset - ContextBase, (uint)value);
            else if (offset >= EnableBase)
                WriteEnablesLocked(offset - EnableBase, (uint)value);
            UpdateLocked();
        }
    }

    private static uint Word(uint[] words, ulong index) => index < (ulong)words.Length ? words[index] : 0;

    private bool TryContext(ulong index, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Context? context)
    {
        context = index < (ulong)_contexts.Length ? _contexts[index] : null;
        return context != null;
    }

    private void WritePriorityLocked(ulong source, uint value)
    {
        if (source != 0 && source < (ulong)_priorities.Length)
            _priorities[source] = value & PriorityMask;
    }

    private void WriteEnablesLocked(ulong offset, uint value)
    {
        ulong word = (offset % EnableStride) / 4;
        if (!TryContext(offset / EnableStride, out Context? context) || word >= (ulong)context.Enables.Length)
            return;
        uint existing = word == 0 ? ~1u : ~0u;
        int last = _priorities.Length - 1 - ((int)word * 32);
        if (last < 31)
            existing &= (2u << last) - 1;
        context.Enables[word] = value & existing;
    }

    private void WriteContextLocked(ulong offset, uint value)
    {
        if (!TryContext(offset / ContextStride, out Context? context))
            return;
        switch (offset % ContextStride)
        {
            case 0:
                context.Threshold = value & PriorityMask;
                break;
            case 4:
                CompleteLocked(context, value);
                break;
        }
    }

    private uint ClaimLocked(Context context)
    {
        int source = BestLocked(context, threshold: 0);
        if (source == 0)
            return 0;
        uint bit = 1u << (source & 31);
        _pending[source >> 5] &= ~bit;
        _claimed[source >> 5] |= bit;
        UpdateLocked();
        return (uint)source;
    }

    // PLIC specification, chapter 10: a completion for a source that the context has not enabled is silently ignored.
    private void CompleteLocked(Context context, uint source)
    {
        if (source == 0 || source >= (uint)_priorities.Length)
            return;
        uint bit = 1u << (int)(source & 31);
        if ((context.Enables[source >> 5] & _claimed[source >> 5] & bit) == 0)
            return;
        _claimed[source >> 5] &= ~bit;
        _pending[source >> 5] |= _levels[source >> 5] & bit;
    }

    private int BestLocked(Context context, uint threshold)
    {
        int best = 0;
        uint bestPriority = threshold;
        for (int word = 0; word < _pending.Length; word++)
        {
            for (uint bits = _pending[word] & context.Enables[word]; bits != 0; bits &= bits - 1)
            {
                int source = (word * 32) + System.Numerics.BitOperations.TrailingZeroCount(bits);
                if (_priorities[source] > bestPriority)
                {
                    best = source;
                    bestPriority = _priorities[source];
                }
            }
        }

        return best;
    }

    private void UpdateLocked()
    {
        for (int i = 0; i < _contexts.Length; i++)
        {
            Context context = _contexts[i];
            bool asserted = BestLocked(context, context.Threshold) != 0;
            if (asserted == context.Asserted)
                continue;
            context.Asserted = asserted;
            _harts[i >> 1].SetInterrupt((i & 1) == 0 ? InterruptLine.MachineExternal : InterruptLine.SupervisorExternal, asserted);
        }
    }

    private void SetLevel(int source, bool asserted)
    {
        uint bit = 1u << (source & 31);
        lock (_gate)
        {
            if (asserted)
            {
                _levels[source >> 5] |= bit;
                _pending[source >> 5] |= bit & ~_claimed[source >> 5];
            }
            else
            {
                _levels[source >> 5] &= ~bit;
                _pending[source >> 5] &= ~bit;
            }

            UpdateLocked();
        }
    }

    private sealed class Context(int words)
    {
        internal readonly uint[] Enables = new uint[words];
        internal uint Threshold;
        internal bool Asserted;
    }

    private sealed class Gateway(Plic plic, int source) : IInterruptLine
    {
        public void SetLevel(bool asserted) => plic.SetLevel(source, asserted);
    }
}
