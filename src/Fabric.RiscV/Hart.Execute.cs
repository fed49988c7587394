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
        ulong pc = s->Pc;
        ulong start;
        long retired = s->Retired;
        ulong address;
        TlbEntry* entry;
        Block* next;
        Block** link;
        Op* op;
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
                s->X[op->Rd] = s->X[op->Rs1] + (ulong)op->Imm;
                goto Next;
            case Opcode.Slti:
                s->X[op->Rd] = (long)s->X[op->Rs1] < op->Imm ? 1ul : 0ul;
                goto Next;
            case Opcode.Sltiu:
                s->X[op->Rd] = s->X[op->Rs1] < (ulong)op->Imm ? 1ul : 0ul;
                goto Next;
            case Opcode.Xori:
                s->X[op->Rd] = s->X[op->Rs1] ^ (ulong)op->Imm;
                goto Next;
            case Opcode.Ori:
                s->X[op->Rd] = s->X[op->Rs1] | (ulong)op->Imm;
                goto Next;
            case Opcode.Andi:
                s->X[op->Rd] = s->X[op->Rs1] & (ulong)op->Imm;
                goto Next;
            case Opcode.Slli:
                s->X[op->Rd] = s->X[op->Rs1] << (int)op->Imm;
                goto Next;
            case Opcode.Srli:
                s->X[op->Rd] = s->X[op->Rs1] >> (int)op->Imm;
                goto Next;
            case Opcode.Srai:
                s->X[op->Rd] = (ulong)((long)s->X[op->Rs1] >> (int)op->Imm);
                goto Next;
            case Opcode.Addiw:
                s->X[op->Rd] = (ulong)(int)((uint)s->X[op->Rs1] + (uint)op->Imm);
                goto Next;
            case Opcode.Slliw:
                s->X[op->Rd] = (ulong)((int)s->X[op->Rs1] << (int)op->Imm);
                goto Next;
            case Opcode.Srliw:
                s->X[op->Rd] = (ulong)(int)((uint)s->X[op->Rs1] >> (int)op->Imm);
                goto Next;
            case Opcode.Sraiw:
                s->X[op->Rd] = (ulong)((int)s->X[op->Rs1] >> (int)op->Imm);
                goto Next;
            case Opcode.Add:
                s->X[op->Rd] = s->X[op->Rs1] + s->X[op->Rs2];
                goto Next;
            case Opcode.Sub:
                s->X[op->Rd] = s->X[op->Rs1] - s->X[op->Rs2];
                goto Next;
            case Opcode.Sll:
                s->X[op->Rd] = s->X[op->Rs1] << (int)s->X[op->Rs2];
                goto Next;
            case Opcode.Slt:
                s->X[op->Rd] = (long)s->X[op->Rs1] < (long)s->X[op->Rs2] ? 1ul : 0ul;
                goto Next;
            case Opcode.Sltu:
                s->X[op->Rd] = s->X[op->Rs1] < s->X[op->Rs2] ? 1ul : 0ul;
                goto Next;
            case Opcode.Xor:
                s->X[op->Rd] = s->X[op->Rs1] ^ s->X[op->Rs2];
                goto Next;
            case Opcode.Srl:
                s->X[op->Rd] = s->X[op->Rs1] >> (int)s->X[op->Rs2];
                goto Next;
            case Opcode.Sra:
                s->X[op->Rd] = (ulong)((long)s->X[op->Rs1] >> (int)s->X[op->Rs2]);
                goto Next;
            case Opcode.Or:
                s->X[op->Rd] = s->X[op->Rs1] | s->X[op->Rs2];
                goto Next;
            case Opcode.And:
                s->X[op->Rd] = s->X[op->Rs1] & s->X[op->Rs2];
                goto Next;
            case Opcode.Addw:
                s->X[op->Rd] = (ulong)(int)((uint)s->X[op->Rs1] + (uint)s->X[op->Rs2]);
                goto Next;
            case Opcode.Subw:
                s->X[op->Rd] = (ulong)(int)((uint)s->X[op->Rs1] - (uint)s->X[op->Rs2]);
                goto Next;
            case Opcode.Sllw:
                s->X[op->Rd] = (ulong)((int)s->X[op->Rs1] << (int)s->X[op->Rs2]);
                goto Next;
            case Opcode.Srlw:
                s->X[op->Rd] = (ulong)(int)((uint)s->X[op->Rs1] >> (int)s->X[op->Rs2]);
                goto Next;
            case Opcode.Sraw:
                s->X[op->Rd] = (ulong)((int)s->X[op->Rs1] >> (int)s->X[op->Rs2]);
                goto Next;
            case Opcode.Mul:
                s->X[op->Rd] = s->X[op->Rs1] * s->X[op->Rs2];
                goto Next;
            case Opcode.Mulw:
                s->X[op->Rd] = (ulong)((int)s->X[op->Rs1] * (int)s->X[op->Rs2]);
                goto Next;
            case Opcode.LoadImmediate:
                s->X[op->Rd] = (ulong)op->Imm;
                goto Next;
            case Opcode.Move:
                s->X[op->Rd] = s->X[op->Rs1];
                goto Next;
            case Opcode.Auipc:
                s->X[op->Rd] = start + (ulong)op->Imm;
                goto Next;
            case Opcode.ShiftPair:
                s->X[op->Rd] = (s->X[op->Rs1] << 32) >> (int)op->Imm;
                goto Next;
            case Opcode.Lb:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & Tlb.PageMask) != entry->Tag)
                    goto LoadMiss;
                s->X[op->Rd] = (ulong)*(sbyte*)(address + entry->Addend);
                goto Next;
            case Opcode.Lh:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 1)) != entry->Tag)
                    goto LoadMiss;
                s->X[op->Rd] = (ulong)*(short*)(address + entry->Addend);
                goto Next;
            case Opcode.Lw:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto LoadMiss;
                s->X[op->Rd] = (ulong)*(int*)(address + entry->Addend);
                goto Next;
            case Opcode.Ld:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 7)) != entry->Tag)
                    goto LoadMiss;
                s->X[op->Rd] = *(ulong*)(address + entry->Addend);
                goto Next;
            case Opcode.Lbu:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & Tlb.PageMask) != entry->Tag)
                    goto LoadMiss;
                s->X[op->Rd] = *(byte*)(address + entry->Addend);
                goto Next;
            case Opcode.Lhu:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 1)) != entry->Tag)
                    goto LoadMiss;
                s->X[op->Rd] = *(ushort*)(address + entry->Addend);
                goto Next;
            case Opcode.Lwu:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto LoadMiss;
                s->X[op->Rd] = *(uint*)(address + entry->Addend);
                goto Next;
            case Opcode.Sb:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & Tlb.PageMask) != entry->Tag)
                    goto StoreMiss;
                *(byte*)(address + entry->Addend) = (byte)s->X[op->Rs2];
                goto Next;
            case Opcode.Sh:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 1)) != entry->Tag)
                    goto StoreMiss;
                *(ushort*)(address + entry->Addend) = (ushort)s->X[op->Rs2];
                goto Next;
            case Opcode.Sw:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto StoreMiss;
                *(uint*)(address + entry->Addend) = (uint)s->X[op->Rs2];
                goto Next;
            case Opcode.Sd:
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 7)) != entry->Tag)
                    goto StoreMiss;
                *(ulong*)(address + entry->Addend) = s->X[op->Rs2];
                goto Next;
            case Opcode.Flw:
                if (s->FloatState != FloatDirty)
                    goto Slow;
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto LoadMiss;
                s->F[op->Rd] = NanBox | *(uint*)(address + entry->Addend);
                goto Next;
            case Opcode.Fld:
                if (s->FloatState != FloatDirty)
                    goto Slow;
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 7)) != entry->Tag)
                    goto LoadMiss;
                s->F[op->Rd] = *(ulong*)(address + entry->Addend);
                goto Next;
            case Opcode.Fsw:
                if (s->FloatState != FloatDirty)
                    goto Slow;
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 3)) != entry->Tag)
                    goto StoreMiss;
                *(uint*)(address + entry->Addend) = (uint)s->F[op->Rs2];
                goto Next;
            case Opcode.Fsd:
                if (s->FloatState != FloatDirty)
                    goto Slow;
                address = s->X[op->Rs1] + (ulong)op->Imm;
                entry = s->DataTlb + Tlb.Size + (nuint)((address >> 12) & (Tlb.Size - 1));
                if ((address & (Tlb.PageMask | 7)) != entry->Tag)
                    goto StoreMiss;
                *(ulong*)(address + entry->Addend) = s->F[op->Rs2];
                goto Next;
            case Opcode.Beq:
                if (s->X[op->Rs1] == s->X[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Bne:
                if (s->X[op->Rs1] != s->X[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Blt:
                if ((long)s->X[op->Rs1] < (long)s->X[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Bge:
                if ((long)s->X[op->Rs1] >= (long)s->X[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Bltu:
                if (s->X[op->Rs1] < s->X[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Bgeu:
                if (s->X[op->Rs1] >= s->X[op->Rs2])
                    goto Taken;
                goto Fall;
            case Opcode.Beqz:
                if (s->X[op->Rs1] == 0)
                    goto Taken;
                goto Fall;
            case Opcode.Bnez:
                if (s->X[op->Rs1] != 0)
                    goto Taken;
                goto Fall;
            case Opcode.J:
                goto Taken;
            case Opcode.Jal:
                s->X[op->Rd] = start + op->Offset + op->Rs2;
                goto Taken;
            case Opcode.Jalr:
                pc = (s->X[op->Rs1] + (ulong)op->Imm) & ~1ul;
                s->X[op->Rd] = start + op->Offset + op->Rs2;
                goto Resolve;
            case Opcode.Fence:
                Interlocked.MemoryBarrier();
                goto Next;
            default:
                goto Slow;
        }

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
        FetchEntry* fetch = s->FetchTlb + (nuint)((pc >> 12) & (Tlb.Size - 1));
        if (fetch->Tag == (pc & Tlb.PageMask))
        {
            ulong physical = fetch->Physical | (pc & ~Tlb.PageMask);
            next = s->Blocks[BlockCache.Bucket(physical)];
            if (next != null && next->Physical == physical)
            {
                link = null;
                goto Enter;
            }
        }

        next = FindBlock(pc);
        link = null;
        if (next != null)
            goto Enter;
        s->Retired = retired;
        TakeException(pc);
        pc = s->Pc;
        if (Volatile.Read(ref s->Generation) != HartState.AttentionGeneration)
            goto Resolve;
        goto Leave;

    Link:
        next = FindBlock(pc, link, start);
        if (next != null)
            goto Enter;
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
