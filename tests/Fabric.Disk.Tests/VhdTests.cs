using System.Text.Json;

namespace Fabric.Disk.Tests;

/// <summary>VHDs as Virtual PC, Hyper-V and QEMU make and read them.</summary>
public sealed class VhdTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static readonly DiskOpenOptions Vhd = new() { Format = DiskFormat.Vhd };

    private string Create(long size, params (string Name, string Value)[] options)
    {
        string path = _folder["disk.vhd"];
        DiskImage.Create(path, new DiskCreateOptions { Format = DiskFormat.Vhd, Size = size, Overwrite = true, FormatOptions = options.ToDictionary(o => o.Name, o => o.Value) });
        return path;
    }

    private static long QemuSize(string path)
    {
        using JsonDocument info = JsonDocument.Parse(Tools.Expect("/", "qemu-img", "info", "-f", "vpc", "--output=json", path));
        return info.RootElement.GetProperty("virtual-size").GetInt64();
    }

    [SkippableTheory]
    [InlineData(512)]
    [InlineData(1 << 20)]
    [InlineData(100 << 20)]
    [InlineData((3L << 30) + 512)]
    [InlineData(127L << 30)]
    [InlineData(200L << 30)]
    [InlineData(2040L << 30)]
    public void SizesAreThoseThatQemuMakesAndSees(long size)
    {
        Tools.Need();
        string theirs = _folder["theirs.vhd"];
        Tools.Expect("/", "qemu-img", "create", "-q", "-f", "vpc", theirs, $"{size}");
        foreach (string exact in new[] { "off", "on" })
        {
            string ours = Create(size, ("force_size", exact));
            Assert.Equal(exact == "on" ? size : QemuSize(theirs), QemuSize(ours));
            Assert.Equal(QemuSize(ours), DiskImage.Inspect(ours).VirtualSize);
            // Hyper-V takes the current size of the footer.
            Assert.Equal(QemuSize(ours), System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(File.ReadAllBytes(ours).AsSpan(48)));
        }
    }

    [Fact]
    public void ADamagedFooterIsReplacedByTheOther()
    {
        foreach (bool front in new[] { true, false })
        {
            string path = Create(8 << 20);
            using (IDisk disk = DiskImage.Open(path))
                Assert.Equal(DiskStatus.Ok, disk.Write(12345, new byte[] { 1, 2, 3 }));
            using (FileStream file = File.OpenWrite(path))
            {
                file.Position = front ? 50 : file.Length - 300;
                file.WriteByte(0x77);
            }

            using (IDisk disk = DiskImage.Open(path))
            {
                byte[] read = new byte[3];
                Assert.Equal(DiskStatus.Ok, disk.Read(12345, read));
                Assert.Equal([1, 2, 3], read);
            }

            byte[] bytes = File.ReadAllBytes(path);
            Assert.Equal(bytes.AsSpan(0, 512), bytes.AsSpan(bytes.Length - 512));
        }
    }

    [Fact]
    public void AFixedDiskIsNotRecognisedByWhatItsGuestWrites()
    {
        string path = Create(4 << 20, ("subformat", "fixed"));
        using (IDisk disk = DiskImage.Open(path, Vhd))
            Assert.Equal(DiskStatus.Ok, disk.Write(0, File.ReadAllBytes(path).AsSpan((int)disk.Length, 512)));
        using (IDisk disk = DiskImage.Open(path, Vhd))
            Assert.Equal(DiskStatus.Ok, disk.Write(0, "conectix"u8));
        Assert.ThrowsAny<DiskException>(() => DiskImage.Open(_folder["missing"]));
        using IDisk again = DiskImage.Open(path, Vhd);
        Assert.Equal(DiskImage.Inspect(path, DiskFormat.Vhd).VirtualSize, again.Length);
    }

    [Fact]
    public void ManyThreadsFillOneDisk()
    {
        string path = Create(32 << 20, ("force_size", "on"));
        using (IDisk disk = DiskImage.Open(path))
            Parallel.For(0, 512, i =>
            {
                byte[] data = new byte[64 << 10];
                Array.Fill(data, (byte)(i + 1));
                int place = (i * 77) % 512;
                Assert.Equal(DiskStatus.Ok, disk.Write(place * 65536L, data));
                if (i % 50 == 0)
                    Assert.Equal(DiskStatus.Ok, disk.Flush());
            });
        using IDisk again = DiskImage.Open(path);
        byte[] read = new byte[64 << 10];
        for (int i = 0; i < 512; i++)
        {
            Assert.Equal(DiskStatus.Ok, again.Read((i * 77 % 512) * 65536L, read));
            Assert.True(read.AsSpan().IndexOfAnyExcept((byte)(i + 1)) < 0);
        }
    }
}
