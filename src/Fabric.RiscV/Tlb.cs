using System.Runtime.InteropServices;

namespace Fabric.RiscV;

/// <summary>A hart's cached translations: direct-mapped tables, one set per kind of access right, so that system calls and
/// user-memory access from the kernel switch tables instead of flushing them.</summary>
/// <remarks>Superpages are cached as single 4 KiB pages; the range of addresses they came from is remembered, so that a fence for
/// one address inside it drops all of them (privileged specification 1.12, section 4.2.1).</remarks>
internal sealed unsafe class Tlb
{
    /// <summary>Entries of one table.</summary>
    internal const int Size = 256;

    /// <summary>Mask of the page bits of an address.</summary>
    internal const ulong PageMask = ~0xffful;

    /// <summary>Access as U.</summary>
    internal const int User = 0;

    /// <summary>Access as S without SUM.</summary>
    internal const int Supervisor = 1;

    /// <summary>Access as S with SUM.</summary>
    internal const int SupervisorUserMemory = 2;

    /// <summary>Physical addresses.</summary>
    internal const int Machine = 3;

    private const int Kinds = 4;
    private const int DataBytes = 2 * Size * 16;
    private const int FetchBytes = Size * 32;
    private readonly byte[] _memory = GC.AllocateArray<byte>((Kinds * (DataBytes + FetchBytes)) + 64, pinned: true);
    private readonly byte* _data;
    private readonly byte* _fetch;
    private readonly bool[] _dataUsed = new bool[Kinds];
    private readonly bool[] _fetchUsed = new bool[Kinds];
    private ulong _largeLow = ulong.MaxValue;
    private ulong _largeHigh;
    private ulong _largeKernelLow = ulong.MaxValue;
    private ulong _largeKernelHigh;

    internal Tlb()
    {
        // SAFETY: a pinned array never moves and lives as long as this object; rounding up stays inside the 64 bytes of slack.
        nuint raw = (nuint)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0);
        _data = (byte*)((raw + 63) & ~(nuint)63);
        _fetch = _data + (Kinds * DataBytes);
        new Span<byte>(_data, Kinds * (DataBytes + FetchBytes)).Fill(0xff);
    }

    /// <summary>The load table of a kind; its store table follows.</summary>
    internal TlbEntry* Data(int kind) => (TlbEntry*)(_data + (kind * DataBytes));

    /// <summary>The fetch table of a kind.</summary>
    internal FetchEntry* Fetch(int kind) => (FetchEntry*)(_fetch + (kind * FetchBytes));

    /// <summary>Caches a load or store translation.</summary>
    internal void FillData(int kind, bool store, ulong address, byte* hostPage, ulong leafSize)
    {
        ulong page = address & PageMask;
        TlbEntry* entry = Data(kind) + (store ? Size : 0) + ((page >> 12) & (Size - 1));
        entry->Tag = page;
        entry->Addend = (ulong)hostPage - page;
        _dataUsed[kind] = true;
        RememberLarge(page, leafSize);
    }

    /// <summary>Caches a fetch translation.</summary>
    internal FetchEntry* FillFetch(int kind, ulong address, ulong physicalPage, byte* hostPage, ulong leafSize)
    {
        ulong page = address & PageMask;
        FetchEntry* entry = Fetch(kind) + ((page >> 12) & (Size - 1));
        entry->Tag = page;
        entry->Physical = physicalPage;
        entry->Host = hostPage;
        _fetchUsed[kind] = true;
        RememberLarge(page, leafSize);
        return entry;
    }

    /// <summary>Drops all translations except physical ones, which nothing can change.</summary>
    internal void Flush()
    {
        for (int kind = 0; kind < Machine; kind++)
        {
            if (_dataUsed[kind])
                new Span<byte>(Data(kind), DataBytes).Fill(0xff);
            if (_fetchUsed[kind])
                new Span<byte>(Fetch(kind), FetchBytes).Fill(0xff);
            _dataUsed[kind] = false;
            _fetchUsed[kind] = false;
        }

        _largeLow = _largeKernelLow = ulong.MaxValue;
        _largeHigh = _largeKernelHigh = 0;
    }

    /// <summary>Drops the translations that come from the leaf entry of one address.</summary>
    internal void Flush(ulong address)
    {
        if ((address >= _largeLow && address <= _largeHigh) || (address >= _largeKernelLow && address <= _largeKernelHigh))
        {
            Flush();
            return;
        }

        ulong index = (address >> 12) & (Size - 1);
        for (int kind = 0; kind < Machine; kind++)
        {
            Data(kind)[index].Tag = ulong.MaxValue;
            Data(kind)[index + Size].Tag = ulong.MaxValue;
            Fetch(kind)[index].Tag = ulong.MaxValue;
        }
    }

    private void RememberLarge(ulong address, ulong leafSize)
    {
        if (leafSize <= 4096)
            return;
        ulong first = address & ~(leafSize - 1);
        ulong last = address | (leafSize - 1);
        if ((long)address < 0)
        {
            _largeKernelLow = Math.Min(_largeKernelLow, first);
            _largeKernelHigh = Math.Max(_largeKernelHigh, last);
        }
        else
        {
            _largeLow = Math.Min(_largeLow, first);
            _largeHigh = Math.Max(_largeHigh, last);
        }
    }
}
