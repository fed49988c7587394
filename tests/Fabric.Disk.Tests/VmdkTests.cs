using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fabric.Disk.Tests.Fuzz;

namespace Fabric.Disk.Tests;

/// <summary>VMDKs as VMware and QEMU make and read them.</summary>
public sealed class VmdkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Subformats => new() { "monolithicSparse", "monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat", "streamOptimized" };

    private string Create(long size, params (string Name, string Value)[] options)
    {
        string path = _folder["disk.vmdk"];
        DiskImage.Create(path, new DiskCreateOptions { Format = DiskFormat.Vmdk, Size = size, Overwrite = true, FormatOptions = options.ToDictionary(o => o.Name, o => o.Value) });
        return path;
    }

    private static JsonNode Info(DiskImageInfo info)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
            info.WriteJson(writer);
        return JsonNode.Parse(bytes.ToArray())!;
    }

    [SkippableTheory]
    [MemberData(nameof(Subformats))]
    public void InfoSaysWhatQemuSays(string subformat)
    {
        Tools.Need();
        string path = Create(5L << 30, ("subformat", subformat), ("adapter_type", "lsilogic"));
        JsonNode ours = Info(DiskImage.Inspect(path));
        JsonNode theirs = JsonNode.Parse(Tools.Expect("/", "qemu-img", "info", "--output=json", path))!;
        Assert.True(JsonNode.DeepEquals(theirs, ours), $"{theirs}\n{ours}");
        Tools.Expect("/", "qemu-img", "check", "-f", "vmdk", path);
        Assert.Equal(0, DiskImage.Check(path, new DiskOpenOptions(), DiskRepair.None).Corruptions);
    }

    [SkippableTheory]
    [InlineData("monolithicSparse,zeroed_grain=on")]
    [InlineData("streamOptimized")]
    public void ImagesAreLaidOutAsQemuDoes(string subformat)
    {
        Tools.Need();
        string theirs = _folder["theirs.vmdk"];
        Tools.Expect("/", "qemu-img", "create", "-q", "-f", "vmdk", "-o", $"subformat={subformat}", theirs, "50G");
        string ours = Create(50L << 30, [.. $"subformat={subformat}".Split(',').Select(pair => (pair.Split('=')[0], pair.Split('=')[1]))]);
        byte[] one = File.ReadAllBytes(ours);
        byte[] other = File.ReadAllBytes(theirs);
        // The descriptor holds names and numbers that differ.
        one.AsSpan(512, 20 * 512).Clear();
        other.AsSpan(512, 20 * 512).Clear();
        Assert.True(one.AsSpan().SequenceEqual(other));
    }

    [Fact]
    public void MutatedDescriptorsAreServedOrRefused()
    {
        string path = Create(5L << 30, ("subformat", "twoGbMaxExtentSparse"));
        byte[] text = File.ReadAllBytes(path);
        byte[] read = new byte[512];
        for (int number = 0; number < Tools.Count(300); number++)
        {
            Random random = new(Tools.Seed + number);
            byte[] changed = [.. text];
            for (int changes = random.Next(1, 6); changes > 0; changes--)
                changed[random.Next(changed.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : text[random.Next(text.Length)];
            File.WriteAllBytes(path, changed);
            try
            {
                using IDisk disk = DiskImage.Open(path, new DiskOpenOptions { Format = DiskFormat.Vmdk });
                disk.Read(random.NextInt64(disk.Length - 512), read);
                disk.Write(random.NextInt64(disk.Length - 512), read);
            }
            catch (DiskException refused)
            {
                Assert.DoesNotContain('\n', refused.Message);
            }
        }
    }

    [Fact]
    public void AChangedParentIsNoParentAnyMore()
    {
        string path = Create(4 << 20);
        string child = _folder["child.vmdk"];
        using (IDisk disk = DiskImage.Open(path))
            Assert.Equal(DiskStatus.Ok, disk.Write(70_000, new byte[] { 1, 2, 3 }));
        DiskImage.Create(child, new DiskCreateOptions { Format = DiskFormat.Vmdk, BackingPath = "disk.vmdk", BackingFormat = DiskFormat.Vmdk });
        using (IDisk disk = DiskImage.Open(child))
        {
            byte[] read = new byte[5];
            Assert.Equal(DiskStatus.Ok, disk.Write(70_001, new byte[] { 9 }));
            Assert.Equal(DiskStatus.Ok, disk.Read(69_999, read));
            Assert.Equal([0, 1, 9, 3, 0], read);
        }

        using (IDisk disk = DiskImage.Open(path))
            Assert.Equal(DiskStatus.Ok, disk.Flush());
        DiskImage.Open(child).Dispose();
        using (IDisk disk = DiskImage.Open(path))
            Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[1]));
        Assert.Contains("was changed", Assert.Throws<DiskException>(() => DiskImage.Open(child)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void AChildIsEmptiedAndGivenAnotherParent()
    {
        Tools.Need();
        string path = Create(4 << 20);
        using (IDisk disk = DiskImage.Open(path))
            Assert.Equal(DiskStatus.Ok, disk.Write(70_000, new byte[] { 1, 2, 3 }));
        File.Copy(path, _folder["a copy with a longer name.vmdk"]);
        string child = _folder["child.vmdk"];
        DiskImage.Create(child, new DiskCreateOptions { Format = DiskFormat.Vmdk, BackingPath = "disk.vmdk", BackingFormat = DiskFormat.Vmdk });
        long empty = new FileInfo(child).Length;
        byte[] read = new byte[3];
        using (ImageDisk disk = DiskImage.Open(child))
        {
            Assert.Equal(DiskStatus.Ok, disk.Write(70_000, new byte[] { 9 }));
            disk.MakeEmpty();
            Assert.Equal(DiskStatus.Ok, disk.Read(70_000, read));
            Assert.Equal([1, 2, 3], read);
            Assert.Equal(empty, new FileInfo(child).Length);
            disk.SetBacking("a copy with a longer name.vmdk", DiskFormat.Vmdk);
            Assert.Equal(DiskStatus.Ok, disk.Write(70_001, new byte[] { 8 }));
        }

        File.Delete(path);
        Assert.Contains("a copy with a longer name.vmdk", Tools.Expect("/", "qemu-img", "info", child), StringComparison.Ordinal);
        Tools.Expect("/", "qemu-img", "check", "-q", "-f", "vmdk", child);
        using (ImageDisk disk = DiskImage.Open(child))
        {
            Assert.Equal(DiskStatus.Ok, disk.Read(70_000, read));
            Assert.Equal([1, 8, 3], read);
            disk.SetBacking(null, null);
        }

        using (ImageDisk disk = DiskImage.Open(child))
            Assert.Null(disk.Backing);
    }

    [SkippableFact]
    public void OverlaysOfBothReadTheSame()
    {
        Tools.Need("qemu-io");
        string path = Create(4 << 20);
        using (IDisk disk = DiskImage.Open(path))
            Assert.Equal(DiskStatus.Ok, disk.Write(100_000, Enumerable.Repeat((byte)7, 200_000).ToArray()));
        DiskImage.Create(_folder["ours.vmdk"], new DiskCreateOptions { Format = DiskFormat.Vmdk, BackingPath = "disk.vmdk", BackingFormat = DiskFormat.Vmdk, FormatOptions = new Dictionary<string, string> { ["zeroed_grain"] = "on" } });
        Tools.Expect(_folder.Path, "qemu-img", "create", "-q", "-f", "vmdk", "-b", "disk.vmdk", "-F", "vmdk", "theirs.vmdk");
        foreach (string child in new[] { _folder["ours.vmdk"], _folder["theirs.vmdk"] })
        {
            Tools.Expect(_folder.Path, "qemu-io", "-f", "vmdk", "-c", "write -P 3 150000 1000", child);
            using (IDisk disk = DiskImage.Open(child))
            {
                Assert.Equal(DiskStatus.Ok, disk.Write(250_000, Enumerable.Repeat((byte)5, 1000).ToArray()));
                Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(196_608, 20_000, DiskFlags.MayUnmap));
            }

            string output = Tools.Expect(_folder.Path, "qemu-io", "-f", "vmdk", "-c", "read -P 7 100000 50000", "-c", "read -P 3 150000 1000", "-c", "read -P 0 196608 20000", "-c", "read -P 5 250000 1000", "-c", "read -P 7 251000 40000", child);
            Assert.DoesNotContain("verification failed", output, StringComparison.Ordinal);
        }

        Tools.Expect(_folder.Path, "qemu-img", "compare", "-q", "-f", "vmdk", "-F", "vmdk", "ours.vmdk", "theirs.vmdk");
    }

    [SkippableFact]
    public void AStreamIsReadWithItsDirectoryAtTheEnd()
    {
        Tools.Need();
        byte[] stream = FuzzSeeds.Of("vmdk").Single(seed => seed.Name.Contains("at the end", StringComparison.Ordinal)).Bytes;
        string path = _folder["stream.vmdk"];
        File.WriteAllBytes(path, stream);
        Assert.Contains("at the end", Assert.Throws<DiskException>(() => DiskImage.Open(path)).Message, StringComparison.Ordinal);
        using (IDisk disk = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true }))
        {
            byte[] read = new byte[disk.Length];
            Assert.Equal(DiskStatus.Ok, disk.Read(0, read));
            Assert.Equal(250, read[250]);
            File.WriteAllBytes(_folder["raw"], read);
        }

        Tools.Expect(_folder.Path, "qemu-img", "compare", "-q", "-f", "vmdk", "-F", "raw", "stream.vmdk", "raw");
        File.WriteAllBytes(path, stream[..^512]);
        Assert.Contains("cut off", Assert.Throws<DiskException>(() => DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true })).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void CompressedUnitsAreReadByQemu()
    {
        Tools.Need();
        string path = Create(1_000_448, ("subformat", "streamOptimized"));
        byte[] model = new byte[1_000_448];
        using (ImageDisk disk = DiskImage.Open(path))
        {
            Random random = new(5);
            byte[] packed = new byte[disk.CompressionUnit];
            for (int at = 0; at < model.Length; at += disk.CompressionUnit)
            {
                Span<byte> unit = model.AsSpan(at, Math.Min(disk.CompressionUnit, model.Length - at));
                random.NextBytes(unit[..(at / 100 % unit.Length)]);
                int length = disk.Compress(unit, packed);
                Assert.Equal(DiskStatus.Ok, length > 0 ? disk.WriteCompressed(at, packed.AsSpan(0, length)) : disk.Write(at, unit));
            }
        }

        File.WriteAllBytes(_folder["raw"], model);
        Tools.Expect(_folder.Path, "qemu-img", "check", "-q", "-f", "vmdk", path);
        Tools.Expect(_folder.Path, "qemu-img", "compare", "-q", "-f", "vmdk", "-F", "raw", path, "raw");
        Assert.True(new FileInfo(path).Length < model.Length);
    }

    [Fact]
    public void ExtentsStayInTheirFolder()
    {
        string path = Create(4 << 20, ("subformat", "monolithicFlat"));
        string text = File.ReadAllText(path);
        string secret = _folder["secret"];
        Directory.CreateDirectory(_folder["inner"]);
        File.WriteAllBytes(secret, new byte[4 << 20]);
        File.CreateSymbolicLink(_folder["inner/link"], secret);
        foreach (string name in new[] { "../secret", secret, "/etc/passwd", "link", "inner/../../secret", "nbd://host/x", "json:{}" })
        {
            File.WriteAllText(_folder["inner/disk.vmdk"], text.Replace("disk-flat.vmdk", name, StringComparison.Ordinal));
            Assert.Throws<DiskException>(() => DiskImage.Open(_folder["inner/disk.vmdk"]));
            DiskImage.Inspect(_folder["inner/disk.vmdk"]);
        }
    }

    [Theory]
    [InlineData("RW 0 FLAT \"disk-flat.vmdk\" 0")]
    [InlineData("RW -5 FLAT \"disk-flat.vmdk\" 0")]
    [InlineData("RW 9223372036854775807 FLAT \"disk-flat.vmdk\" 0")]
    [InlineData("RW 18446744073709551615 FLAT \"disk-flat.vmdk\" 0")]
    [InlineData("RW 36028797018963968 FLAT \"disk-flat.vmdk\" 0")]
    [InlineData("RW 8192 FLAT \"disk-flat.vmdk\" 9223372036854775807")]
    [InlineData("RW 8192 FLAT \"disk-flat.vmdk\" -1")]
    [InlineData("RW 8192 FLAT \"disk-flat.vmdk\"")]
    [InlineData("RW 8192 FLAT \"disk-flat.vmdk")]
    [InlineData("RW 8192 FLAT \"\" 0")]
    [InlineData("RW 8192 SPARSE \"disk-flat.vmdk\"")]
    [InlineData("RW 8192 SESPARSE \"disk-flat.vmdk\"")]
    [InlineData("RDONLY 8192 FLAT \"disk-flat.vmdk\" 0")]
    [InlineData("RW 8192 FLAT \"disk.vmdk\" 0")]
    [InlineData("RW 8192")]
    [InlineData("")]
    public void ImpossibleExtentLinesAreRefused(string line)
    {
        string path = Create(4 << 20, ("subformat", "monolithicFlat"));
        string text = File.ReadAllText(path);
        File.WriteAllText(path, text.Replace("RW 8192 FLAT \"disk-flat.vmdk\" 0", line, StringComparison.Ordinal));
        DiskException refused = Assert.Throws<DiskException>(() => DiskImage.Open(path));
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void LongDescriptorsAreRefused()
    {
        string path = Create(4 << 20, ("subformat", "monolithicFlat"));
        File.AppendAllText(path, "\n# " + new string('x', 2 << 20));
        Assert.Contains("too large", Assert.Throws<DiskException>(() => DiskImage.Open(path)).Message, StringComparison.Ordinal);
        Create(4 << 20, ("subformat", "monolithicFlat"));
        File.AppendAllText(path, string.Concat(Enumerable.Repeat("\nRW 1 FLAT \"disk-flat.vmdk\" 0", 5000)));
        Assert.Throws<DiskException>(() => DiskImage.Open(path));
    }

    // Classes of CVE-2014-0142 to -0148 that a sparse extent can have: sizes that overflow or ask for too much.
    [Theory]
    [InlineData("version", 4, 9, 4)]
    [InlineData("capacity 2^63", 12, 1UL << 63, 8)]
    [InlineData("capacity", 12, long.MaxValue, 8)]
    [InlineData("capacity beyond the directory", 12, 1UL << 42, 8)]
    [InlineData("grain size 0", 20, 0, 8)]
    [InlineData("grain size odd", 20, 127, 8)]
    [InlineData("grain size", 20, 1UL << 40, 8)]
    [InlineData("grain size overflowing", 20, 1UL << 63, 8)]
    [InlineData("descriptor", 28, 1UL << 50, 8)]
    [InlineData("descriptor size", 36, 1UL << 55, 8)]
    [InlineData("descriptor gone", 28, 0, 8)]
    [InlineData("table entries 0", 44, 0, 4)]
    [InlineData("table entries", 44, uint.MaxValue, 4)]
    [InlineData("redundant directory", 48, 1UL << 55, 8)]
    [InlineData("redundant directory on the header", 48, 0x7fffffffffffffff, 8)]
    [InlineData("directory", 56, 1UL << 54, 8)]
    [InlineData("directory on the header", 56, 0, 8)]
    [InlineData("directory at the end", 56, ulong.MaxValue, 8)]
    [InlineData("directory on the descriptor", 56, 2, 8)]
    [InlineData("overhead", 64, 1UL << 60, 8)]
    [InlineData("line ends", 73, 0x0a0a0a0a, 4)]
    [InlineData("compression", 77, 7, 2)]
    public void ImpossibleHeadersAreRefusedInOneLine(string name, int at, ulong value, int width)
    {
        string path = Create(4 << 20);
        byte[] file = File.ReadAllBytes(path);
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..width].CopyTo(file.AsSpan(at));
        File.WriteAllBytes(path, file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        DiskException refused = Assert.Throws<DiskException>(() => DiskImage.Open(path));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20, $"{name} allocated");
        Assert.StartsWith(path, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(27)]
    [InlineData(0x7fffffff)]
    public void GuestDataNeverLandsOnStructures(int sector)
    {
        string path = Create(4 << 20, ("zeroed_grain", "off"));
        byte[] file = File.ReadAllBytes(path);
        long directory = BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(56)) * 512;
        int table = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan((int)directory)) * 512;
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(table + 20), sector);
        File.WriteAllBytes(path, file);
        using (IDisk disk = DiskImage.Open(path))
        {
            Assert.Equal(sector == 0 ? DiskStatus.Ok : DiskStatus.Corrupt, disk.Write(5 * 65536, new byte[65536]));
            Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[512]));
        }

        Assert.Equal(sector == 0x7fffffff ? 1 : 0, DiskImage.Check(path, new DiskOpenOptions { ReadOnly = true }, DiskRepair.None).Corruptions);
    }
}
