using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Memory;

/// <summary>The RAM half of guest-physical address space: one or more regions, backed by one memfd, mapped shared.</summary>
/// <remarks>
/// <para>Guests, their devices and other processes (vhost-user) all write here at any moment: no value read twice from guest
/// memory is the same value. Read once into host memory, then check. Pages are taken from the host when first touched.</para>
/// <para>All members may be called from any thread. Nothing here allocates after construction. Pointers and spans are valid until
/// <see cref="Dispose"/>, which the owner (the machine) calls after every vCPU and device thread has ended.</para>
/// </remarks>
public sealed unsafe class GuestMemory : IDisposable
{
    private readonly Region[] _regions;
    private readonly SafeFileHandle _memfd;

    /// <summary>Maps zeroed RAM.</summary>
    /// <param name="ranges">Page-aligned, disjoint ranges of guest-physical addresses.</param>
    /// <exception cref="ArgumentException">A range is empty, unaligned, wraps around or overlaps another.</exception>
    /// <exception cref="GuestMemoryException">The host refuses the memory.</exception>
    public GuestMemory(params ReadOnlySpan<MemoryRange> ranges)
    {
        ulong total = Validate(ranges);
        _memfd = Native.MemfdCreate("fabric-guest-ram", Native.MfdCloexec);
        if (_memfd.IsInvalid || Native.Ftruncate(_memfd, (long)total) != 0)
            throw HostRefuses(total);
        _regions = new Region[ranges.Length];
        ulong fileOffset = 0;
        for (int i = 0; i < ranges.Length; i++)
        {
            // SAFETY: a fresh shared mapping of our own memfd, whose size was just set to cover it; unmapped only in Dispose.
            void* host = Native.Mmap(null, (nuint)ranges[i].Length, Native.ProtReadWrite, Native.MapShared | Native.MapNoReserve, _memfd, (long)fileOffset);
            if (host == Native.MapFailed)
            {
                ulong refused = ranges[i].Length;
                Dispose();
                throw HostRefuses(refused);
            }

            _regions[i] = new Region(ranges[i], (byte*)host, fileOffset);
            fileOffset += ranges[i].Length;
        }
    }

    /// <summary>Number of RAM regions.</summary>
    public int RegionCount => _regions.Length;

    /// <summary>The memfd behind all regions, in region order without gaps; owned by this object.</summary>
    public SafeFileHandle FileHandle => _memfd;

    /// <summary>Guest-physical range of one region.</summary>
    /// <param name="index">0 … <see cref="RegionCount"/> − 1.</param>
    public MemoryRange RegionRange(int index) => _regions[index].Range;

    /// <summary>Host address of the first byte of one region, page-aligned.</summary>
    /// <param name="index">0 … <see cref="RegionCount"/> − 1.</param>
    public byte* RegionPointer(int index) => _regions[index].Host;

    /// <summary>Translates a guest-physical range to host memory.</summary>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="length">Length in bytes; must lie inside one region.</param>
    /// <returns>The host pointer, or null when any byte lies outside RAM.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* PointerOrNull(ulong address, ulong length)
    {
        foreach (ref readonly Region region in _regions.AsSpan())
        {
            if (region.Range.Contains(address, length))
                return region.Host + (address - region.Range.Base);
        }

        return null;
    }

    /// <summary>A view of guest RAM.</summary>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="length">Length in bytes, not negative.</param>
    /// <param name="span">The bytes; the guest may change them at any time.</param>
    /// <returns>False when any byte lies outside RAM or the range crosses regions.</returns>
    public bool TryGetSpan(ulong address, int length, out Span<byte> span)
    {
        byte* host = length < 0 ? null : PointerOrNull(address, (ulong)length);
        // SAFETY: PointerOrNull checked the whole range against one live mapping.
        span = host == null ? default : new Span<byte>(host, length);
        return host != null;
    }

    /// <summary>Copies out of guest RAM.</summary>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="destination">Filled completely.</param>
    /// <returns>False, with nothing copied, when any byte lies outside RAM.</returns>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (!TryGetSpan(address, destination.Length, out Span<byte> source))
            return false;
        source.CopyTo(destination);
        return true;
    }

    /// <summary>Copies into guest RAM.</summary>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="source">The bytes.</param>
    /// <returns>False, with nothing copied, when any byte lies outside RAM.</returns>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        if (!TryGetSpan(address, source.Length, out Span<byte> destination))
            return false;
        source.CopyTo(destination);
        return true;
    }

    /// <summary>Reads one value in host (little-endian) byte order, at any alignment, with one load where the alignment allows it.</summary>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="value">The value.</param>
    /// <returns>False when any byte lies outside RAM.</returns>
    public bool TryRead<T>(ulong address, out T value)
        where T : unmanaged
    {
        byte* host = PointerOrNull(address, (ulong)sizeof(T));
        value = host == null ? default : Unsafe.ReadUnaligned<T>(host);
        return host != null;
    }

    /// <summary>Writes one value in host (little-endian) byte order, at any alignment.</summary>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="value">The value.</param>
    /// <returns>False when any byte lies outside RAM.</returns>
    public bool TryWrite<T>(ulong address, T value)
        where T : unmanaged
    {
        byte* host = PointerOrNull(address, (ulong)sizeof(T));
        if (host == null)
            return false;
        Unsafe.WriteUnaligned(host, value);
        return true;
    }

    /// <summary>Zeroes all RAM and gives its pages back to the host. The mappings stay where they are.</summary>
    public void Clear()
    {
        foreach (ref readonly Region region in _regions.AsSpan())
        {
            // SAFETY: the whole of one live mapping, shared and writable as MADV_REMOVE wants it; what cannot be punched out is written.
            if (Native.Madvise(region.Host, (nuint)region.Range.Length, Native.MadviseRemove) != 0)
                NativeMemory.Clear(region.Host, (nuint)region.Range.Length);
        }
    }

    /// <summary>Unmaps the RAM. No thread may use it any more.</summary>
    public void Dispose()
    {
        foreach (ref Region region in _regions.AsSpan())
        {
            if (region.Host != null)
                _ = Native.Munmap(region.Host, (nuint)region.Range.Length);
            region = default;
        }

        _memfd.Dispose();
    }

    private static ulong Validate(ReadOnlySpan<MemoryRange> ranges)
    {
        const ulong pageMask = 4095;
        ulong total = 0;
        for (int i = 0; i < ranges.Length; i++)
        {
            MemoryRange range = ranges[i];
            if (range.Length == 0 || ((range.Base | range.Length) & pageMask) != 0 || range.Base + (range.Length - 1) < range.Base)
                throw new ArgumentException($"RAM range 0x{range.Base:x}+0x{range.Length:x} is empty, not page-aligned or wraps around.", nameof(ranges));
            for (int j = 0; j < i; j++)
            {
                if (ranges[j].Overlaps(range))
                    throw new ArgumentException($"RAM range 0x{range.Base:x} overlaps the one at 0x{ranges[j].Base:x}.", nameof(ranges));
            }

            total = checked(total + range.Length);
        }

        return total;
    }

    private static GuestMemoryException HostRefuses(ulong bytes) => new(
        $"The host refuses {bytes >> 20} MiB of guest memory ({Marshal.GetLastPInvokeErrorMessage()}): give the machine less 'memory:' or free some.");

    private readonly record struct Region(MemoryRange Range, nint HostAddress, ulong FileOffset)
    {
        internal Region(MemoryRange range, byte* host, ulong fileOffset)
            : this(range, (nint)host, fileOffset)
        {
        }

        internal byte* Host => (byte*)HostAddress;
    }
}
