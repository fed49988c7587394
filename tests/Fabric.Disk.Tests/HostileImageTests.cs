using System.Buffers.Binary;
using System.Text;

namespace Fabric.Disk.Tests;

/// <summary>Images that want something from the host: one test for each known class of hole.</summary>
public sealed class HostileImageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Image(Action<byte[]> damage, int size = 8 << 20)
    {
        string path = _folder["hostile"];
        DiskImage.Create(path, new DiskCreateOptions { Size = size, FormatOptions = Tools.Options(4096, 16), Overwrite = true });
        using (IDisk disk = DiskImage.Open(path))
            Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[20_000]));
        byte[] bytes = File.ReadAllBytes(path);
        damage(bytes);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static void Put32(byte[] file, int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(at), value);

    private static void Put64(byte[] file, long at, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(file.AsSpan((int)at), value);

    private static ulong Get64(byte[] file, long at) => BinaryPrimitives.ReadUInt64BigEndian(file.AsSpan((int)at));

    // The fields of CVE-2014-0142 to -0148, -0222, -0223 and CVE-2015-5163: sizes and places that overflow or ask for too much.
    public static TheoryData<string, int, ulong, int> Fields => new()
    {
        { "cluster bits 0", 20, 0, 4 },
        { "cluster bits 64", 20, 64, 4 },
        { "virtual size", 24, ulong.MaxValue, 8 },
        { "virtual size beyond L1", 24, 1UL << 40, 8 },
        { "L1 entries", 36, 0x7fffffff, 4 },
        { "L1 entries 2^31", 36, 0x80000001, 4 },
        { "L1 offset unaligned", 40, 4097, 8 },
        { "L1 offset overflow", 40, 0x7ffffffffffff000, 8 },
        { "L1 outside", 40, 1UL << 40, 8 },
        { "refcount table offset", 48, 0xfffffffffffff000, 8 },
        { "refcount table clusters", 56, 0xffffffff, 4 },
        { "refcount table none", 56, 0, 4 },
        { "snapshots", 60, 0xffffffff, 4 },
        { "snapshot table", 60, 3, 4 },
        { "refcount order", 96, 7, 4 },
        { "header length", 100, 0xfffffff8, 4 },
        { "header length odd", 100, 105, 4 },
        { "backing name", 8, 4000, 8 },
        { "version", 4, 9, 4 },
        { "encryption", 32, 1, 4 },
        { "compression type without its bit", 104, 1UL << 56, 8 },
        { "compression bit without a type", 72, 8, 8 },
        { "data file without a name", 72, 4, 8 },
        { "extended L2 with small clusters", 72, 16, 8 },
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public void ImpossibleHeadersAreRefusedInOneLine(string name, int at, ulong value, int width)
    {
        string path = Image(file =>
        {
            if (width == 4)
                Put32(file, at, (uint)value);
            else
                Put64(file, at, value);
            if (name == "backing name")
                Put32(file, 16, 1000);
            if (name == "snapshot table")
                Put64(file, 64, 0x7ffffffff000);
        });
        long before = GC.GetAllocatedBytesForCurrentThread();
        DiskException refused = Assert.Throws<DiskException>(() => DiskImage.Open(path));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20, "allocated by a hostile size");
        Assert.StartsWith(path, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void UnknownFeaturesAreRefusedByName()
    {
        string path = Image(file =>
        {
            Put64(file, 72, 1UL << 40);
            file[112 + 8] = 0;
            file[112 + 9] = 40;
            Encoding.ASCII.GetBytes("time travel\0", file.AsSpan(112 + 10));
        });
        Assert.Contains("time travel", Assert.Throws<DiskException>(() => DiskImage.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ADataFileNameLeadsNowhereElse() // CVE-2024-4467
    {
        using TemporaryFolder other = new();
        string secret = other["secret"];
        File.WriteAllBytes(secret, new byte[4096]);
        foreach (string name in new[] { secret, $"../{Path.GetFileName(other.Path)}/secret", "link", "json:{\"file.filename\":\"/etc/passwd\"}", "nbd://host/x", "hostile", "/dev/zero", "absent", "" })
        {
            if (name == "link")
                File.CreateSymbolicLink(_folder["link"], secret);
            string path = _folder["hostile"];
            DiskImage.Create(path, new DiskCreateOptions { Size = 1 << 20, FormatOptions = Tools.ParseOptions("data_file=data"), Overwrite = true });
            byte[] bytes = File.ReadAllBytes(path);
            int at = bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x44, 0x41, 0x54, 0x41]);
            byte[] moved = [.. bytes.AsSpan(0, at + 4), .. BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(name.Length)), .. Encoding.UTF8.GetBytes(name.PadRight((name.Length + 7) & ~7, '\0')), .. new byte[8]];
            moved.CopyTo(bytes, 0);
            if (name.Length == 0)
                Put32(bytes, at, 0);
            File.WriteAllBytes(path, bytes);
            Assert.StartsWith(path, Assert.Throws<DiskException>(() => DiskImage.Open(path)).Message, StringComparison.Ordinal);
            Assert.Throws<DiskException>(() => DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true }));
            Assert.Equal(4096, new FileInfo(secret).Length);
        }
    }

    [Fact]
    public void SubclustersThatAreBothThereAndZeroAreCorrupt()
    {
        foreach (string damage in new[] { "both", "bits without a cluster", "zero flag", "compressed with bits" })
        {
            string path = _folder["extended"];
            DiskImage.Create(path, new DiskCreateOptions { Size = 1 << 20, FormatOptions = Tools.ParseOptions("extended_l2=on"), Overwrite = true });
            using (IDisk disk = DiskImage.Open(path))
                Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[100_000]));
            byte[] bytes = File.ReadAllBytes(path);
            long l2 = (long)(Get64(bytes, (long)Get64(bytes, 40)) & 0x00fffffffffffe00);
            switch (damage)
            {
                case "both":
                    Put64(bytes, l2 + 8, Get64(bytes, l2 + 8) | (1UL << 35));
                    break;
                case "bits without a cluster":
                    Put64(bytes, l2 + 40, 1);
                    break;
                case "zero flag":
                    Put64(bytes, l2, Get64(bytes, l2) | 1);
                    break;
                default:
                    Put64(bytes, l2, (Get64(bytes, l2) & ~(1UL << 63)) | (1UL << 62));
                    break;
            }

            File.WriteAllBytes(path, bytes);
            using (IDisk disk = DiskImage.Open(path))
                Assert.Equal(DiskStatus.Corrupt, disk.Write(0, new byte[4096]));
            Assert.True(DiskImage.Inspect(path).IsCorrupt);
        }
    }

    [Fact]
    public void ACorruptImageOpensForReadingOnly()
    {
        string path = Image(file => Put64(file, 72, 2));
        Assert.Throws<DiskException>(() => DiskImage.Open(path));
        using IDisk disk = DiskImage.Open(path, new DiskOpenOptions { ReadOnly = true });
        Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[512]));
    }

    [Fact]
    public void GuestDataNeverLandsOnMetadata()
    {
        foreach (string target in new[] { "header", "refcount table", "refcount block", "L1", "L2", "beyond counts" })
        {
            string path = Image(file =>
            {
                long l1 = (long)Get64(file, 40);
                long l2 = (long)(Get64(file, l1) & 0x00fffffffffffe00);
                long place = target switch
                {
                    "header" => 0,
                    "refcount table" => (long)Get64(file, 48),
                    "refcount block" => (long)Get64(file, (long)Get64(file, 48)),
                    "L1" => l1,
                    "L2" => l2,
                    _ => 1 << 30,
                };
                Put64(file, l2 + 16, (ulong)place | (1UL << 63));
            });
            byte[] before = File.ReadAllBytes(path);
            using (IDisk disk = DiskImage.Open(path))
            {
                Assert.Equal(DiskStatus.Corrupt, disk.Write(8192, new byte[4096]));
                Assert.Equal(DiskStatus.Corrupt, disk.Write(0, new byte[512]));
            }

            byte[] after = File.ReadAllBytes(path);
            Assert.Equal(2, after[79]);
            after[79] = before[79];
            Assert.True(before.AsSpan().SequenceEqual(after), target);
        }
    }

    [Fact]
    public void ALiveTableThatIsCountedAsFreeIsNotHandedOut()
    {
        // Two rewrites of the format lost data this way: an L2 table whose count is zero looks like free space.
        string path = Image(file =>
        {
            long block = (long)Get64(file, (long)Get64(file, 48));
            long l2 = (long)(Get64(file, (long)Get64(file, 40)) & 0x00fffffffffffe00);
            BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan((int)(block + (l2 >> 12 << 1))), 0);
        });
        using IDisk disk = DiskImage.Open(path);
        Assert.Equal(DiskStatus.Corrupt, disk.Write(1 << 20, new byte[4096]));
        byte[] data = new byte[512];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, data));
    }

    [Fact]
    public void TablesThatOverlapAreNotWritten()
    {
        string path = Image(file => Put64(file, 40, Get64(file, 48)));
        Assert.Throws<DiskException>(() => DiskImage.Open(path));
    }

    [Fact]
    public void BackingFilesOutsideTheFolderNeedTheOperatorsWord() // CVE-2024-32498, CVE-2026-27211
    {
        using TemporaryFolder other = new();
        DiskImage.Create(other["base"], new DiskCreateOptions { Size = 1 << 20 });
        string overlay = _folder["overlay"];
        DiskImage.Create(overlay, new DiskCreateOptions { BackingPath = other["base"] });
        DiskException refused = Assert.Throws<DiskException>(() => DiskImage.Open(overlay));
        Assert.Contains(other.Path, refused.Message, StringComparison.Ordinal);
        DiskImage.Open(overlay, new DiskOpenOptions { AllowOutsideFolder = true }).Dispose();
        DiskImage.Open(overlay, new DiskOpenOptions { AllowedFolders = [other.Path] }).Dispose();
        Assert.Throws<DiskException>(() => DiskImage.Open(overlay, new DiskOpenOptions { AllowedFolders = [other.Path + "x"] }));

        // A link inside the folder leads out of it all the same.
        File.CreateSymbolicLink(_folder["link"], other["base"]);
        DiskImage.Create(_folder["through"], new DiskCreateOptions { BackingPath = "link" });
        Assert.Throws<DiskException>(() => DiskImage.Open(_folder["through"]));
    }

    [SkippableFact]
    public void ChainsWithoutFormatCyclesAndProtocolsAreRefused()
    {
        Tools.Need();
        DiskImage.Create(_folder["b"], new DiskCreateOptions { Size = 1 << 20 });
        DiskImage.Create(_folder["a"], new DiskCreateOptions { BackingPath = "b" });
        Tools.Expect(_folder.Path, "qemu-img", "rebase", "-u", "-f", "qcow2", "-b", "a", "-F", "qcow2", "b");
        Assert.Contains("its own backing", Assert.Throws<DiskException>(() => DiskImage.Open(_folder["a"])).Message, StringComparison.Ordinal);
        Tools.Expect(_folder.Path, "qemu-img", "rebase", "-u", "-f", "qcow2", "-b", "nbd://host/x", "-F", "raw", "b");
        Assert.Contains("plain file", Assert.Throws<DiskException>(() => DiskImage.Open(_folder["a"])).Message, StringComparison.Ordinal);
        Tools.Expect(_folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "compat=0.10", "plain", "1M");
        byte[] bytes = File.ReadAllBytes(_folder["plain"]);
        Put64(bytes, 8, 1000);
        Put32(bytes, 16, 1);
        bytes[1000] = (byte)'b';
        File.WriteAllBytes(_folder["plain"], bytes);
        Assert.Contains("format of its backing", Assert.Throws<DiskException>(() => DiskImage.Open(_folder["plain"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RawIsNamedNeverGuessed()
    {
        File.WriteAllBytes(_folder["raw"], new byte[4096]);
        Assert.Contains("name its format", Assert.Throws<DiskException>(() => DiskImage.Open(_folder["raw"])).Message, StringComparison.Ordinal);
        using IDisk disk = DiskImage.Open(_folder["raw"], new DiskOpenOptions { Format = DiskFormat.Raw });
        Assert.Equal(4096, disk.Length);
        Assert.Throws<DiskException>(() => DiskImage.Open(_folder.Path));
        Assert.Throws<DiskException>(() => DiskImage.Open(_folder["absent"]));
    }
}
