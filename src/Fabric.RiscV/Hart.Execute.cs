using System.Runtime.CompilerServices;

namespace Fabric.RiscV;

// The inner loop. One method on purpose: the block, the operation and the counters stay in host registers. It leaves for out-of-line
// code on a missed translation, a slow operation, a block that is not linked yet, and when asked for attention.
public sealed unsafe partial class Hart
{
    /// <summary>Executes until <see cref="Attend"/> says to leave. The state is exact on return.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Execute()
    {
        // SAFETY: the state, the tables and the blocks are pinned and live as long as this hart; register numbers come from the
        // decoder (0 … 32); a translation entry whose tag matches an aligned access points into mapped guest RAM.
        HartState* s = _state;

        // The registers are the state's first field; a pointer of their own spares the null check that a fixed buffer costs.
        ulong* x = (ulong*)s;
        ulong pc = s->Pc;
        ulong start;
        long retired = s->Retired;
        ulong address;
        TlbEntry* entry;
        Block* next;
        Block** link;
        Op* op;
        FetchEntry* fetch;
        goto Resolve;

    Taken:
        pc = start + (ulong)op->Imm;
        link = (Block**)(op + 1);
        next = *link;
        if (next == null)
            goto Link;

    Enter:
        if (next->Generation != Volatile.Read(ref s->Generation))
            goto Attention;
        retired += next->Count;
        if (retired > s->Limit)
            goto Slice;
        start = pc;
        op = (Op*)(next + 1) - 1;

    Next:
        op++;
        switch (op->Code)
        {
            case Opcode.End:
                goto Taken;
            case Opcode.Addi:
                x[op->Rd] = x[op->Rs1] + (ulong)op->Imm;
                goto Next;
            case Opcode.Slti:
                x[op->Rd] = (long)x[op->Rs1] < op->Imm ? 1ul : 0ul;
                goto Next;
            case Opcode.Sltiu:
                x[op->Rd] = x[op->Rs1] < (ulong)op->Imm ? 1ul : 0ul;
                goto Next;
            case Opcode.Xori:
                x[op->Rd] = x[op->Rs1] ^ (ulong)op->Imm;
                goto Next;
            case Opcode.Ori:
                x[op->Rd] = x[op->Rs1] | (ulong)op->Imm;
                goto Next;
            case Opcode.Andi:
                x[op->Rd] = x[op->Rs1] & (ulong)op->Imm;
                goto Next;
            case Opcode.Slli:
                x[op->Rd] = x[op->Rs1] << (int)op->Imm;
                goto Next;
            case Opcode.Srli:
                x[op->Rd] = x[op->Rs1] >> (int)op->Imm;
                goto Next;
            case Opcode.Srai:
                x[op->Rd] = (ulong)((long)x[op->Rs1] >> (int)op->Imm);
                goto Next;
            case Opcode.Addiw:
                x[op->Rd] = (ulong)(int)((uint)x[op->Rs1] + (uint)op->Imm);
                goto Next;
            case Opcode.Slliw:
                x[op->Rd] = (ulong)((int)x[op->Rs1] << (int)op->Imm);
                goto Next;
            case Opcode.Srliw:
                x[op->Rd] = (ulong)(int)((uint)x[op->Rs1] >> (int)op->Imm);
                goto Next;
            case Opcode.Sraiw:
                x[op->Rd] = (ulong)((int)x[op->Rs1] >> (int)op->Imm);
                goto Next;
            case Opcode.Add:
                x[op->Rd] = x[op->Rs1] + x[op->Rs2];
                goto Next;
            case Opcode.Sub:
                x[op->Rd] = x[op->Rs1] - x[op->Rs2];
                goto Next;
            case Opcode.Sll:
                x[op->Rd] = x[op->Rs1] << (int)x[op->Rs2];
                goto Next;
            case Opcode.Slt:
                x[op->Rd] = (long)x[op->Rs1] < (long)x[op->Rs2] ? 1ul : 0ul;
                goto Next;
            case Opcode.Sltu:
                x[op->Rd] = x[op->Rs1] < x[op->Rs2] ? 1ul : 0ul;
                goto Next;
            case Opcode.Xor:
                x[op->Rd] = x[op->Rs1] ^ x[op->Rs2];
                goto Next;
            case Opcode.Srl:
                x[op->Rd] = x[op->Rs1] >> (int)x[op->Rs2];
                goto Next;
            case Opcode.Sra:
                x[op->Rd] = (ulong)((long)x[op->Rs1] >> (int)x[op->Rs2]);
                goto Next;
            case Opcode.Or:
                x[op->Rd] = x[op->Rs1] | x[op->Rs2];
                goto Next;
            case Opcode.And:
                x[op->Rd] = x[op->Rs1] & x[op->Rs2];
                goto Next;
            case Opcode.Addw:
                x[op->Rd] = (ulong)(int)((uint)x[op->Rs1] + (uint)x[op->Rs2]);
                goto Next;
            case Opcode.Subw:
                x[op->Rd] = (ulong)(int)((uint)x[op->Rs1] - (uint)x[op->Rs2]);
                goto Next;
            case Opcode.Sllw:
                x[op->Rd] = (ulong)((int)x[op->Rs1] << (int)x[op->Rs2]);
                goto Next;
            case Opcode.Srlw:
                x[op->Rd] = (ulong)(int)((uint)x[op->Rs1] >> (int)x[op->Rs2]);
                goto Next;
            case Opcode.Sraw:
                x[op->Rd] = (ulong)((int)x[op->Rs1] >> (int)x[op->Rs2]);
                goto Next;
            case Opcode.Mul:
                x[op->Rd] = x[op->Rs1] * x[op->Rs2];
                goto Next;
            case Opcode.Mulw:
                x[op->Rd] = (ulong)((int)x[op->Rs1] * (int)x[op->Rs2]);
                goto Next;
            case Opcode.LoadImmediate:
                x[op->Rd] = (ulong)op->Imm;
                goto Next;
            case Opcode.Move:
                x[op->Rd] = x[op->Rs1];
                goto Next;
            case Opcode.Auipc:
                x[op->Rd] = start + (ulong)op->Imm;
                goto Next;
            case Opcode.ShiftPair:
                x[op->Rd] = (x[op->Rs1] << 32) >> (int)op->Imm;
                goto Next;
            case Opcode.Lb:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & Tlb.PageMask) != entry->Tag)
                    goto LoadMiss;
                x[op->Rd] = (ulong)*(sbyte*)(address + entry->Addend);
                goto Next;
            case Opcode.Lh:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 1)) != entry->Tag)
                    goto LoadMiss;
                x[op->Rd] = (ulong)*(short*)(address + entry->Addend);
                goto Next;
            case Opcode.Lw:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto LoadMiss;
                x[op->Rd] = (ulong)*(int*)(address + entry->Addend);
                goto Next;
            case Opcode.Ld:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 7)) != entry->Tag)
                    goto LoadMiss;
                x[op->Rd] = *(ulong*)(address + entry->Addend);
                goto Next;
            case Opcode.Lbu:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & Tlb.PageMask) != entry->Tag)
                    goto LoadMiss;
                x[op->Rd] = *(byte*)(address + entry->Addend);
                goto Next;
            case Opcode.Lhu:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 1)) != entry->Tag)
                    goto LoadMiss;
                x[op->Rd] = *(ushort*)(address + entry->Addend);
                goto Next;
            case Opcode.Lwu:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto LoadMiss;
                x[op->Rd] = *(uint*)(address + entry->Addend);
                goto Next;
            case Opcode.Sb:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & Tlb.PageMask) != entry->Tag)
                    goto StoreMiss;
                *(byte*)(address + entry->Addend) = (byte)x[op->Rs2];
                goto Next;
            case Opcode.Sh:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 1)) != entry->Tag)
                    goto StoreMiss;
                *(ushort*)(address + entry->Addend) = (ushort)x[op->Rs2];
                goto Next;
            case Opcode.Sw:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto StoreMiss;
                *(uint*)(address + entry->Addend) = (uint)x[op->Rs2];
                goto Next;
            case Opcode.Sd:
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 7)) != entry->Tag)
                    goto StoreMiss;
                *(ulong*)(address + entry->Addend) = x[op->Rs2];
                goto Next;
            case Opcode.Flw:
                if (s->FloatState != FloatDirty)
                    goto Slow;
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto LoadMiss;
                s->F[op->Rd] = NanBox | *(uint*)(address + entry->Addend);
                goto Next;
            case Opcode.Fld:
                if (s->FloatState != FloatDirty)
                    goto Slow;
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 7)) != entry->Tag)
                    goto LoadMiss;
                s->F[op->Rd] = *(ulong*)(address + entry->Addend);
                goto Next;
            case Opcode.Fsw:
                if (s->FloatState != FloatDirty)
                    goto Slow;
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto StoreMiss;
                *(uint*)(address + entry->Addend) = (uint)s->F[op->Rs2];
                goto Next;
            case Opcode.Fsd:
                if (s->FloatState != FloatDirty)
                    goto Slow;
                address = x[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 7)) != entry->Tag)
                    goto StoreMiss;
                *(ulong*)(address + entry->Addend) = s->F[op->Rs2];
                goto Next;
            case Opcode.Beq:
                if (x[op->Rs1] == x[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Bne:
                if (x[op->Rs1] != x[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Blt:
                if ((long)x[op->Rs1] < (long)x[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Bge:
                if ((long)x[op->Rs1] >= (long)x[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Bltu:
                if (x[op->Rs1] < x[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Bgeu:
                if (x[op->Rs1] >= x[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Beqz:
                if (x[op->Rs1] == 0)
                    goto Taken;
                goto Fall;
            case Opcode.Bnez:
                if (x[op->Rs1] != 0)
                    goto Taken;
                goto Fall;
            case Opcode.J:
                goto Taken;
            case Opcode.Jal:
                x[op->Rd] = start + op->Offset + op->Rs2;
                goto Taken;
            case Opcode.Jalr:
                pc = (x[op->Rs1] + (ulong)op->Imm) & ~1ul;
                x[op->Rd] = start + op->Offset + op->Rs2;
                goto Indirect;
            case Opcode.FarJ:
                pc = start + (ulong)op->Imm;
                goto Indirect;
            case Opcode.FarJal:
                pc = start + (ulong)op->Imm;
                x[op->Rd] = start + op->Offset + op->Rs2;
                goto Indirect;
            case Opcode.Fence:
                Interlocked.MemoryBarrier();
                goto Next;
            default:
                goto Slow;
        }

    Indirect:
        // The target may be mapped anew between two jumps, so the block it led to last is only a guess to be checked.
        fetch = s->FetchTlb + (nuint)((pc >> 12) & (Tlb.Size - 1));
        if (fetch->Tag != (pc & Tlb.PageMask))
            goto Missing;
        ulong physical = fetch->Physical | (pc & ~Tlb.PageMask);
        link = (Block**)(op + 1);
        next = *link;
        if (next != null && next->Physical == physical)
            goto Enter;
        next = s->Blocks[BlockCache.Bucket(physical)];
        if (next == null || next->Physical != physical)
            goto Missing;
        *link = next;
        goto Enter;

    Fall:
        pc = start + op->Offset + op->Rd;
        link = (Block**)(op + 1) + 1;
        next = *link;
        if (next == null)
            goto Link;
        goto Enter;

    LoadMiss:
        if (TryLoad(op, address))
            goto Next;
        goto Trap;

    StoreMiss:
        if (TryStore(op, address))
            goto Next;
        goto Trap;

    Slow:
        s->Retired = retired;
        pc = start + op->Offset;
        switch (ExecuteSlow(op, pc))
        {
            case Outcome.Next:
                goto Next;
            case Outcome.Jump:
                pc = s->Pc;
                goto Resolve;
        }

    Trap:
        retired -= op->Remaining;
        s->Retired = retired;
        TakeException(start + op->Offset);
        pc = s->Pc;

    Resolve:
        fetch = s->FetchTlb + (nuint)((pc >> 12) & (Tlb.Size - 1));
        if (fetch->Tag == (pc & Tlb.PageMask))
        {
            physical = fetch->Physical | (pc & ~Tlb.PageMask);
            next = s->Blocks[BlockCache.Bucket(physical)];
            if (next != null && next->Physical == physical)
            {
                link = null;
                goto Enter;
            }
        }

    Missing:
        next = FindBlock(pc);
        link = null;
        if (next != null)
            goto Enter;
        goto CannotFetch;

    Link:
        if (((pc ^ start) & Tlb.PageMask) != 0)
            goto Resolve;
        next = FindBlock(pc, link, start);
        if (next != null)
            goto Enter;

    CannotFetch:
        s->Retired = retired;
        TakeException(pc);
        pc = s->Pc;
        if (Volatile.Read(ref s->Generation) != HartState.AttentionGeneration)
            goto Resolve;
        goto Leave;

    Attention:
        // Either the block is of an older code generation, or someone wants something.
        if (Volatile.Read(ref s->Generation) != HartState.AttentionGeneration)
        {
            if (_blocks.TryRevalidate(next))
                goto Enter;
            if (link != null)
                *link = null;
            next = FindBlock(pc);
            link = null;
            if (next != null)
                goto Enter;
            goto Resolve;
        }

    Leave:
        s->Retired = retired;
        s->Pc = pc;
        if (!Attend())
            return;
        pc = s->Pc;
        goto Resolve;

    Slice:
        retired -= next->Count;
        goto Leave;
    }
}
