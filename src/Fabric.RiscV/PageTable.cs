using Fabric.Memory;

namespace Fabric.RiscV;

/// <summary>What a translation is for.</summary>
internal enum Access
{
    Fetch,
    Load,
    Store,
}

/// <summary>The rights a translation is made with.</summary>
/// <param name="User">Access as U-mode, else as S-mode.</param>
/// <param name="UserMemory">mstatus.SUM: S-mode loads and stores may use user pages.</param>
/// <param name="ExecutableReadable">mstatus.MXR: loads may use execute-only pages.</param>
internal readonly record struct AccessRights(bool User, bool UserMemory, bool ExecutableReadable);

/// <summary>The Sv39 and Sv48 page-table walk (privileged specification 1.12, section 4.3.2), with accessed and dirty bits set by
/// "hardware" in one atomic step with the check (section 4.3.1, second scheme).</summary>
internal static unsafe class PageTable
{
    /// <summary>satp.MODE: no translation.</summary>
    internal const int Bare = 0;

    /// <summary>satp.MODE: three levels.</summary>
    internal const int Sv39 = 8;

    /// <summary>satp.MODE: four levels.</summary>
    internal const int Sv48 = 9;

    private const ulong Valid = 1;
    private const ulong Readable = 2;
    private const ulong Writable = 4;
    private const ulong Executable = 8;
    private const ulong UserPage = 16;
    private const ulong Accessed = 64;
    private const ulong Dirty = 128;
    private const ulong ReservedBits = 0xffc0_0000_0000_0000;
    private const ulong PageNumberMask = (1ul << 44) - 1;

    /// <summary>Translates one address.</summary>
    /// <param name="memory">Where the tables lie; a table outside RAM is an access fault.</param>
    /// <param name="satp">The satp register, in Sv39 or Sv48 mode.</param>
    /// <param name="address">Virtual address.</param>
    /// <param name="access">What the translation is for.</param>
    /// <param name="rights">As whom.</param>
    /// <param name="physical">The guest-physical address.</param>
    /// <param name="leafSize">Bytes that the leaf entry maps.</param>
    /// <returns><see cref="TrapCause.None"/>, or the exception to raise.</returns>
    internal static TrapCause Walk(GuestMemory memory, ulong satp, ulong address, Access access, AccessRights rights, out ulong physical, out ulong leafSize)
    {
        physical = 0;
        leafSize = 0;
        int levels = (int)(satp >> 60) == Sv39 ? 3 : 4;
        int unused = 64 - 12 - (9 * levels);
        if ((ulong)((long)(address << unused) >> unused) != address)
            return PageFault(access);
        ulong table = (satp & PageNumberMask) << 12;
        for (int level = levels - 1; level >= 0; level--)
        {
            int shift = 12 + (9 * level);
            ulong* slot = (ulong*)memory.PointerOrNull(table + (((address >> shift) & 511) * 8), 8);
            if (slot == null)
                return AccessFault(access);
            ulong entry = Volatile.Read(ref *slot);
            if ((entry & Valid) == 0 || (entry & (Readable | Writable)) == Writable || (entry & ReservedBits) != 0)
                return PageFault(access);
            if ((entry & (Readable | Executable)) == 0)
            {
                // Accessed, Dirty and User are reserved in a pointer to the next level.
                if ((entry & (Accessed | Dirty | UserPage)) != 0)
                    return PageFault(access);
                table = ((entry >> 10) & PageNumberMask) << 12;
                continue;
            }

            leafSize = 1ul << shift;
            ulong frame = ((entry >> 10) & PageNumberMask) << 12;
            if (!Permits(entry, access, rights) || (frame & (leafSize - 1)) != 0 || !TryMark(slot, entry, access))
                return PageFault(access);
            physical = frame | (address & (leafSize - 1));
            return TrapCause.None;
        }

        return PageFault(access);
    }

    /// <summary>The page fault of an access.</summary>
    internal static TrapCause PageFault(Access access) => access switch
    {
        Access.Fetch => TrapCause.InstructionPageFault,
        Access.Load => TrapCause.LoadPageFault,
        _ => TrapCause.StorePageFault,
    };

    /// <summary>The access fault of an access.</summary>
    internal static TrapCause AccessFault(Access access) => access switch
    {
        Access.Fetch => TrapCause.InstructionAccessFault,
        Access.Load => TrapCause.LoadAccessFault,
        _ => TrapCause.StoreAccessFault,
    };

    private static bool Permits(ulong entry, Access access, AccessRights rights)
    {
        bool userPage = (entry & UserPage) != 0;
        if (rights.User != userPage && (rights.User || access == Access.Fetch || !rights.UserMemory))
            return false;
        return access switch
        {
            Access.Fetch => (entry & Executable) != 0,
            Access.Load => (entry & Readable) != 0 || (rights.ExecutableReadable && (entry & Executable) != 0),
            _ => (entry & Writable) != 0,
        };
    }

    // Another hart may change the entry between our look and our mark. Marking is retried while the entry differs in A and D only;
    // anything else that changed is reported as the fault the guest would have had a moment later, which it handles by retrying.
    private static bool TryMark(ulong* slot, ulong entry, Access access)
    {
        ulong marks = access == Access.Store ? Accessed | Dirty : Accessed;
        while ((entry & marks) != marks)
        {
            ulong seen = Interlocked.CompareExchange(ref *slot, entry | marks, entry);
            if (seen == entry)
                return true;
            if ((seen & ~(Accessed | Dirty)) != (entry & ~(Accessed | Dirty)))
                return false;
            entry = seen;
        }

        return true;
    }
}
