using System.Buffers.Binary;
using System.Text;

namespace Fabric.Disk.Tests;

/// <summary>Differencing VHDs. QEMU cannot read them, so what is written is decoded here a second time, from the specification.</summary>
public sealed class VhdDifferencingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Make(string name, long size, string? parent = null)
    {
        DiskImage.Create(_folder[name], new DiskCreateOptions
        {
            Format = DiskFormat.Vhd,
            Size = parent is null ? size : null,
            BackingPath = parent,
            BackingFormat = parent is null ? null : DiskFormat.Vhd,
            FormatOptions = parent is null ? new Dictionary<string, string> { ["force_size"] = "on" } : [],
        });
        return _folder[name];
    }

    /// <summary>The disk's bytes, as the specification says.</summary>
    private byte[] Decode(string name)
    {
        byte[] file = File.ReadAllBytes(_folder[name]);
        byte[] disk = new byte[Get64(file, file.Length - 512 + 48)];
        Assert.Equal(file.AsSpan(0, 512), file.AsSpan(file.Length - 512));
        if (file[63] == 4)
        {
            int locator = (int)Get64(file, 512 + 576 + 16);
            string parent = Encoding.Unicode.GetString(file, locator, (int)Get32(file, 512 + 576 + 8));
            Assert.StartsWith(".\\", parent, StringComparison.Ordinal);
            byte[] below = Decode(parent[2..]);
            below.AsSpan(0, Math.Min(below.Length, disk.Length)).CopyTo(disk);
        }

        int table = (int)Get64(file, 512 + 16);
        for (int block = 0; block < (disk.Length + (2 << 20) - 1) >> 21; block++)
        {
            uint place = Get32(file, table + (block * 4));
            for (int sector = 0; place != uint.MaxValue && sector < 4096 && ((block << 12) + sector) * 512 < disk.Length; sector++)
                if ((file[(place * 512) + (sector / 8)] & (0x80 >> (sector % 8))) != 0)
                    file.AsSpan((int)(place * 512) + 512 + (sector * 512), 512).CopyTo(disk.AsSpan(((block << 12) + sector) * 512));
        }

        return disk;
    }

    private static uint Get32(byte[] file, int at) => BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));

    private static long Get64(byte[] file, int at) => BinaryPrimitives.ReadInt64BigEndian(file.AsSpan(at));

    [Fact]
    public void SequencesLeaveWhatTheSpecificationSays()
    {
        for (int round = 0; round < Tools.Count(6); round++)
        {
            Random random = new(Tools.Seed + round);
            DiskModel model = new(new byte[(random.Next(1, 12) << 20) + (random.Next(2048) * 512)]);
            string[] names = ["base.vhd", "middle.vhd", "top.vhd"];
            for (int level = 0; level < names.Length; level++)
            {
                string path = Make(names[level], model.Bytes.Length, level == 0 ? null : names[level - 1]);
                for (int opening = 0; opening < 2; opening++)
                {
                    using ImageDisk disk = DiskImage.Open(path, new DiskOpenOptions { MetadataCacheBytes = random.Next(2) == 0 ? 600 : 1 << 20 });
                    for (int step = 0; step < 25; step++)
                        model.Step(disk, random);
                    if (random.Next(4) == 0)
                    {
                        byte[] longer = model.Bytes;
                        Array.Resize(ref longer, longer.Length + (random.Next(1, 5000) * 512));
                        disk.Resize(longer.Length, mayShrink: false);
                        model = new DiskModel(longer);
                    }

                    model.ExpectEqual(disk);
                }

                Assert.True(Decode(names[level]).AsSpan().SequenceEqual(model.Bytes), $"round {round}, {names[level]}");
            }

            foreach (string name in names)
                File.Delete(_folder[name]);
        }
    }

    [Fact]
    public void AnotherDiskUnderTheParentsNameIsRefused()
    {
        Make("base.vhd", 4 << 20);
        string child = Make("child.vhd", 0, "base.vhd");
        Assert.Equal(("base.vhd", "vpc"), (DiskImage.Inspect(child).BackingFileName, DiskImage.Inspect(child).BackingFormat));
        DiskImage.Open(child).Dispose();
        File.Delete(_folder["base.vhd"]);
        Assert.Contains("is missing", Assert.Throws<DiskException>(() => DiskImage.Open(child)).Message, StringComparison.Ordinal);
        Make("base.vhd", 4 << 20);
        Assert.Contains("another disk", Assert.Throws<DiskException>(() => DiskImage.Open(child)).Message, StringComparison.Ordinal);
        using (ImageDisk disk = DiskImage.Open(child, new DiskOpenOptions { WithoutBacking = true }))
            disk.SetBacking("base.vhd", DiskFormat.Vhd);
        DiskImage.Open(child).Dispose();
    }

    [Fact]
    public void ParentsStayInTheirFolder()
    {
        Directory.CreateDirectory(_folder["inner"]);
        Make("base.vhd", 4 << 20);
        string child = Make("inner/child.vhd", 0, "../base.vhd");
        Assert.Contains("outside", Assert.Throws<DiskException>(() => DiskImage.Open(child)).Message, StringComparison.Ordinal);
        DiskImage.Open(child, new DiskOpenOptions { AllowedFolders = [_folder.Path] }).Dispose();
        string absolute = Make("inner/other.vhd", 0, _folder["base.vhd"]);
        Assert.Contains("outside", Assert.Throws<DiskException>(() => DiskImage.Open(absolute)).Message, StringComparison.Ordinal);
        DiskImage.Open(absolute, new DiskOpenOptions { AllowOutsideFolder = true }).Dispose();
    }

    [Fact]
    public void AnEmptiedChildShowsItsParent()
    {
        using (IDisk disk = DiskImage.Open(Make("base.vhd", 4 << 20)))
            Assert.Equal(DiskStatus.Ok, disk.Write(1000, new byte[] { 1, 2, 3 }));
        string child = Make("child.vhd", 0, "base.vhd");
        long empty = new FileInfo(child).Length;
        byte[] read = new byte[3];
        using (ImageDisk disk = DiskImage.Open(child))
        {
            Assert.Equal(DiskStatus.Ok, disk.Write(1001, new byte[] { 9 }));
            Assert.Equal(DiskStatus.Ok, disk.Read(1000, read));
            Assert.Equal([1, 9, 3], read);
            disk.MakeEmpty();
            Assert.Equal(DiskStatus.Ok, disk.Read(1000, read));
            Assert.Equal([1, 2, 3], read);
            Assert.Equal(empty, new FileInfo(child).Length);
            Assert.Equal(DiskStatus.Ok, disk.Write(3_000_000, new byte[] { 7 }));
        }

        Assert.Equal(7, Decode("child.vhd")[3_000_000]);
        Assert.Equal(2, Decode("child.vhd")[1001]);
    }
}
