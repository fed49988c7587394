using System.Runtime.CompilerServices;

namespace Fabric.RiscV;

// Everything that reaches memory other than through a translation the loop already has.
public sealed unsafe partial class Hart
{
    private const ulong NanBox = 0xffff_ffff_0000_0000;
    private const ulong PageOffsetMask = 4095;

    private TrapCause _trapCause;
    private ulong _trapValue;

    private enum Outcome
    {
        /// <summary>Go on with the next operation.</summary>
        Next,

        /// <summary>Go on at the state's pc.</summary>
        Jump,

        /// <summary>Raise the recorded exception.</summary>
        Trap,
    }

    private static int AccessSize(Opcode code) => code switch
    {
        Opcode.Lb or Opcode.Lbu or Opcode.Sb => 1,
        Opcode.Lh or Opcode.Lhu or Opcode.Sh => 2,
        Opcode.Lw or Opcode.Lwu or Opcode.Sw or Opcode.Flw or Opcode.Fsw => 4,
        _ => 8,
    };

    /// <summary>True when an instruction can be fetched from a physical address.</summary>
    internal bool CanFetchFrom(ulong physical) => (physical & 1) == 0 && _memory.PointerOrNull(physical, 2) != null;

    private bool Raise(TrapCause cause, ulong value)
    {
        _trapCause = cause;
        _trapValue = value;
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryLoad(Op* op, ulong address)
    {
        int size = AccessSize(op->Code);
        if (!TryLoad(address, size, out ulong value))
            return false;
        HartState* s = _state;
        switch (op->Code)
        {
            case Opcode.Lb:
                s->X[op->Rd] = (ulong)(sbyte)value;
                break;
            case Opcode.Lh:
                s->X[op->Rd] = (ulong)(short)value;
                break;
            case Opcode.Lw:
                s->X[op->Rd] = (ulong)(int)value;
                break;
            case Opcode.Flw:
                s->F[op->Rd] = NanBox | value;
                break;
            case Opcode.Fld:
                s->F[op->Rd] = value;
                break;
            default:
                s->X[op->Rd] = value;
                break;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryStore(Op* op, ulong address)
    {
        ulong value = op->Code is Opcode.Fsw or Opcode.Fsd ? _state->F[op->Rs2] : _state->X[op->Rs2];
        return TryStore(address, AccessSize(op->Code), value);
    }

    private bool TryLoad(ulong address, int size, out ulong value)
    {
        value = 0;
        if ((address & PageOffsetMask) + (ulong)size > 4096)
            return TryLoadAcross(address, size, out value);
        if (!TryTranslate(address, Access.Load, out ulong physical, out byte* host))
            return false;
        if (host != null)
        {
            value = ReadHost(host, size);
            return true;
        }

        if ((address & (ulong)(size - 1)) != 0)
            return Raise(TrapCause.LoadMisaligned, address);
        return _bus.TryRead(physical, size, out value) || Raise(TrapCause.LoadAccessFault, address);
    }

    private bool TryStore(ulong address, int size, ulong value)
    {
        if ((address & PageOffsetMask) + (ulong)size > 4096)
            return TryStoreAcross(address, size, value);
        if (!TryTranslate(address, Access.Store, out ulong physical, out byte* host))
            return false;
        if (host != null)
        {
            WriteHost(host, size, value);
            return true;
        }

        if ((address & (ulong)(size - 1)) != 0)
            return Raise(TrapCause.StoreMisaligned, address);
        if (size < 8)
            value &= (1ul << (size * 8)) - 1;
        return _bus.TryWrite(physical, size, value) || Raise(TrapCause.StoreAccessFault, address);
    }

    // Both pages are translated before a byte moves, so that a fault leaves nothing half done; its address is in the page that faulted.
    private bool TryLoadAcross(ulong address, int size, out ulong value)
    {
        value = 0;
        ulong second = (address | PageOffsetMask) + 1;
        if (!TryTranslate(address, Access.Load, out _, out byte* low) || !TryTranslate(second, Access.Load, out _, out byte* high))
            return false;
        if (low == null || high == null)
            return Raise(TrapCause.LoadMisaligned, address);
        int inFirst = (int)(second - address);
        for (int i = size - 1; i >= 0; i--)
            value = value << 8 | (i < inFirst ? low[i] : high[i - inFirst]);
        return true;
    }

    private bool TryStoreAcross(ulong address, int size, ulong value)
    {
        ulong second = (address | PageOffsetMask) + 1;
        if (!TryTranslate(address, Access.Store, out _, out byte* low) || !TryTranslate(second, Access.Store, out _, out byte* high))
            return false;
        if (low == null || high == null)
            return Raise(TrapCause.StoreMisaligned, address);
        int inFirst = (int)(second - address);
        for (int i = 0; i < size; i++, value >>= 8)
            *(i < inFirst ? low + i : high + (i - inFirst)) = (byte)value;
        return true;
    }

    private static ulong ReadHost(byte* host, int size) => size switch
    {
        1 => *host,
        2 => Unsafe.ReadUnaligned<ushort>(host),
        4 => Unsafe.ReadUnaligned<uint>(host),
        _ => Unsafe.ReadUnaligned<ulong>(host),
    };

    private static void WriteHost(byte* host, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                *host = (byte)value;
                break;
            case 2:
                Unsafe.WriteUnaligned(host, (ushort)value);
                break;
            case 4:
                Unsafe.WriteUnaligned(host, (uint)value);
                break;
            default:
                Unsafe.WriteUnaligned(host, value);
                break;
        }
    }

    /// <summary>Translates a data address and caches the translation when it leads to RAM.</summary>
    /// <param name="address">Virtual address.</param>
    /// <param name="access">Load or store.</param>
    /// <param name="physical">The guest-physical address, valid when <paramref name="host"/> is null.</param>
    /// <param name="host">The byte in RAM, or null for a device.</param>
    /// <returns>False with an exception recorded.</returns>
    private bool TryTranslate(ulong address, Access access, out ulong physical, out byte* host)
    {
        TlbEntry* entry = _state->DataTlb + (access == Access.Store ? Tlb.Size : 0) + (nuint)((address >> 12) & (Tlb.Size - 1));
        if (entry->Tag == (address & Tlb.PageMask))
        {
            physical = 0;
            host = (byte*)(address + entry->Addend);
            return true;
        }

        host = null;
        physical = address;
        ulong leaf = 4096;
        PrivilegeMode mode = DataMode;
        if (mode != PrivilegeMode.Machine && Translating)
        {
            AccessRights rights = new(mode == PrivilegeMode.User, (_mstatus & Status.Sum) != 0, (_mstatus & Status.Mxr) != 0);
            TrapCause cause = PageTable.Walk(_memory, _satp, address, access, rights, out physical, out leaf);
            if (cause != TrapCause.None)
                return Raise(cause, address);
        }

        byte* page = _memory.PointerOrNull(physical & Tlb.PageMask, 4096);
        if (page == null)
            return true;
        _tlb.FillData(_dataKind, access == Access.Store, address, page, leaf);
        host = page + (physical & PageOffsetMask);
        return true;
    }

    private FetchEntry* TranslateFetch(ulong pc)
    {
        FetchEntry* entry = _state->FetchTlb + (nuint)((pc >> 12) & (Tlb.Size - 1));
        if (entry->Tag == (pc & Tlb.PageMask))
            return entry;
        ulong physical = pc;
        ulong leaf = 4096;
        if (_mode != PrivilegeMode.Machine && Translating)
        {
            TrapCause cause = PageTable.Walk(_memory, _satp, pc, Access.Fetch, new AccessRights(_mode == PrivilegeMode.User, false, false), out physical, out leaf);
            if (cause != TrapCause.None)
            {
                Raise(cause, pc);
                return null;
            }
        }

        byte* page = _memory.PointerOrNull(physical & Tlb.PageMask, 4096);
        if (page != null)
            return _tlb.FillFetch(_fetchKind, pc, physical & Tlb.PageMask, page, leaf);
        Raise(TrapCause.InstructionAccessFault, pc);
        return null;
    }

    /// <summary>The block at a virtual address, or null with an exception recorded.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private Block* FindBlock(ulong pc)
    {
        FetchEntry* entry = TranslateFetch(pc);
        if (entry == null)
            return null;
        ulong offset = pc & PageOffsetMask;
        byte* source = entry->Host + offset;
        if (offset != PageOffsetMask - 1 || (*source & 3) != 3)
            return _blocks.Find(entry->Physical | offset, source);
        ulong physical = entry->Physical | offset;
        uint low = *(ushort*)source;
        FetchEntry* second = TranslateFetch(pc + 2);
        return second == null ? null : _blocks.Crossing(physical, low | ((uint)*(ushort*)second->Host << 16));
    }

    // A link lasts as long as its block, whatever the page tables say later: so both ends must lie in one page, which moves as a whole.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private Block* FindBlock(ulong pc, Block** link, ulong start)
    {
        int epoch = _blocks.Epoch;
        Block* block = FindBlock(pc);
        bool lasting = ((pc ^ start) & Tlb.PageMask) == 0 && _blocks.Epoch == epoch && !_blocks.IsCrossing(link) && !_blocks.IsCrossing(block);
        if (lasting && block != null)
            *link = block;
        return block;
    }

    /// <summary>The host address of an aligned atomic access, or null with an exception recorded.</summary>
    private byte* AtomicTarget(ulong address, int size, Access access)
    {
        bool load = access == Access.Load;
        if ((address & (ulong)(size - 1)) != 0)
        {
            Raise(load ? TrapCause.LoadMisaligned : TrapCause.StoreMisaligned, address);
            return null;
        }

        if (!TryTranslate(address, access, out _, out byte* host))
            return null;
        if (host == null)
            Raise(load ? TrapCause.LoadAccessFault : TrapCause.StoreAccessFault, address);
        return host;
    }
}
