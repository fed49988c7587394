using System.Buffers.Binary;
using Fabric.Disk.Formats;
using Fabric.Disk.Tests.Fuzz;
using Fabric.Disk.Vhdx;

namespace Fabric.Disk.Tests;

/// <summary>VHDX images that claim what cannot be: a test for each bound. Checksums are right, so that nothing else stops them.</summary>
public sealed class VhdxHostileTests
{
    private const int Header = 64 << 10;
    private const int Region = 192 << 10;
    private const int Log = 1 << 20;
    private const int Metadata = 3 << 20;
    private const int Items = Metadata + (64 << 10);
    private const int Locator = Metadata + (128 << 10);
    private const int Half = Log + (512 << 10);

    public static TheoryData<string, int, ulong, int> Fields => new()
    {
        { "identifier", 0, 0, 1 },
        { "version", Header + 66, 2, 2 },
        { "log version", Header + 64, 1, 2 },
        { "log length", Header + 68, 4096, 4 },
        { "log place", Header + 72, 0, 8 },
        { "log outside", Header + 72, 1UL << 40, 8 },
        { "log longer than the file", Header + 68, 0xfff00000, 4 },
        { "log negative", Header + 72, 0xfffffffffff00000, 8 },
        { "region count", Region + 8, 2048, 4 },
        { "region count most", Region + 8, uint.MaxValue, 4 },
        { "no regions", Region + 8, 0, 4 },
        { "unknown required region", Region + 16, 77, 8 },
        { "region unaligned", Region + 32, (2 << 20) + 4096, 8 },
        { "region in the header", Region + 32, 0, 8 },
        { "region over the log", Region + 32, 1 << 20, 8 },
        { "region over another", Region + 32, 3 << 20, 8 },
        { "region outside", Region + 32, 1UL << 46, 8 },
        { "region overflow", Region + 32, 0x7ffffffffff00000, 8 },
        { "region without length", Region + 40, 0, 4 },
        { "metadata signature", Metadata, 0, 8 },
        { "metadata count", Metadata + 10, 2048, 2 },
        { "no metadata", Metadata + 10, 0, 2 },
        { "unknown required item", Metadata + 32, 77, 8 },
        { "item in the table", Metadata + 32 + 16, 100, 4 },
        { "item outside", Metadata + 32 + 16, 0xfffffff8, 4 },
        { "item too long", Metadata + 32 + 20, 0xfffffff0, 4 },
        { "item too short", Metadata + 32 + 20, 4, 4 },
        { "block size 0", Items, 0, 4 },
        { "block size odd", Items, 3 << 20, 4 },
        { "block size 512 MiB", Items, 512 << 20, 4 },
        { "size odd", Items + 8, 1001, 8 },
        { "size above 64 TiB", Items + 8, (64UL << 40) + 4096, 8 },
        { "size negative", Items + 8, ulong.MaxValue - 4095, 8 },
        { "size beyond the table", Items + 8, 1UL << 40, 8 },
        { "logical sector", Items + 32, 1024, 4 },
        { "physical sector", Items + 36, 1, 4 },
        { "parent type", Locator, 5, 8 },
        { "parent entries", Locator + 18, 65535, 2 },
        { "parent key outside", Locator + 20, 0xfffffff0, 4 },
        { "parent key odd", Locator + 28, 5, 2 },
        { "file cut short", Log + 48, 1UL << 30, 8 },
        { "file made huge", Log + 56, 1UL << 60, 8 },
        { "log into the header", Log + 64 + 16, 64 << 10, 8 },
        { "log into itself", Log + 64 + 16, Log + 8192, 8 },
        { "log outside the file", Log + 64 + 16, 1UL << 50, 8 },
        { "log to a negative place", Log + 64 + 16, 0xfffffffffffff000, 8 },
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public void ImpossibleFieldsAreRefusedInOneLine(string name, int at, ulong value, int width)
    {
        using MemoryStore store = new();
        store.Reset(VhdxSeeds.NotClosed(ParentLocator.For("base.vhdx", Guid.NewGuid())), int.MaxValue);
        bool inLog = at is >= Log and < 2 << 20;
        if (!inLog)
            CloseLog(store);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        store.Patch(at, bytes[..width]);
        if (at is >= Header and < Region)
            store.Patch(at + (64 << 10), bytes[..width]);
        if (at is >= Region and < Log)
            store.Patch(at + (64 << 10), bytes[..width]);
        if (inLog)
            store.Patch(at + Half - Log, bytes[..width]);
        if (name == "log version")
            foreach (int header in (int[])[Header, Header + (64 << 10)])
                store.Patch(header + 48, new Guid("11111111-2222-3333-4444-555555555555").ToByteArray());
        VhdxSeeds.FixChecksums(store);
        store.Reopen(readOnly: true);
        long before = GC.GetAllocatedBytesForCurrentThread();
        DiskException refused = Assert.Throws<DiskException>(() => Open(store));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20, "allocated by a hostile size");
        Assert.StartsWith("memory", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    private static ImageDisk Open(MemoryStore store) =>
        new VhdxFormat().Open(store, new ImageOpening("memory", true, new DiskOpenOptions { ReadOnly = true, WithoutBacking = true }, []));

    private static void CloseLog(MemoryStore store)
    {
        VhdxHeader header = VhdxHeader.Read(store);
        for (int slot = 0; slot < 2; slot++)
            Assert.Equal(DiskStatus.Ok, header.Update(store, log: Guid.Empty));
    }

    /// <summary>A run of zeroes in the log may not reach beyond the file, however long it claims to be.</summary>
    [Fact]
    public void ZeroesInTheLogStayInTheFile()
    {
        using MemoryStore store = new();
        store.Reset(VhdxSeeds.NotClosed(null), int.MaxValue);
        Span<byte> descriptor = stackalloc byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor, LogEntry.ZeroDescriptor);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[8..], 1UL << 60);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[16..], 4 << 20);
        foreach (int entry in (int[])[Log, Half])
            store.Patch(entry + 64, descriptor);
        VhdxSeeds.FixChecksums(store);
        store.Reopen(readOnly: true);
        Assert.Contains("no business", Assert.Throws<DiskException>(() => Open(store)).Message, StringComparison.Ordinal);
    }

    /// <summary>Entries that a checksum does not cover, or that belong to another log, are as if they were not there.</summary>
    [Theory]
    [InlineData(Log + 100)]
    [InlineData(Log + 32)]
    [InlineData(Half + 4096 + 50)]
    public void TornAndStaleEntriesAreIgnored(int at)
    {
        using MemoryStore store = new();
        store.Reset(VhdxSeeds.NotClosed(null), int.MaxValue);
        VhdxHeader header = VhdxHeader.Read(store);
        ulong newest = LogReplay.Find(store, header)!.Sequence[^1].Sequence;
        store.Patch(at, [0x5a, 0x5a]);
        LogReplay? rest = LogReplay.Find(store, header);
        Assert.NotNull(rest);
        Assert.InRange(newest - rest.Sequence[^1].Sequence, 0u, 1u);
        using ImageDisk disk = Open(store);
        Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[disk.Length]));
    }

    /// <summary>Data of a guest never lands on a structure, wherever an entry points.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(100)]
    public void BlocksOverStructuresAreNotWritten(int unit)
    {
        using MemoryStore store = new();
        store.Reset(VhdxSeeds.NotClosed(null), int.MaxValue);
        CloseLog(store);
        Span<byte> entry = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, ((ulong)unit << 20) | 6);
        store.Patch((2 << 20) + 24, entry);
        Assert.Throws<DiskException>(() => new VhdxFormat().Open(store, new ImageOpening("memory", false, new DiskOpenOptions(), [])));
    }
}
