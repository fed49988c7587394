namespace Fabric.Disk.Tests;

/// <summary>Resizing, emptying and amending images, judged by qemu-img.</summary>
public sealed class Qcow2ManageTests
{
    private static byte[] Fill(string image, int bytes)
    {
        byte[] content = new byte[bytes];
        new Random(4).NextBytes(content);
        using IDisk disk = DiskImage.Open(image);
        Assert.Equal(DiskStatus.Ok, disk.Write(0, content));
        return content;
    }

    private static string Info(string image) => Tools.Expect("/", "qemu-img", "info", image);

    [SkippableTheory]
    [InlineData(512, 512L << 20)]
    [InlineData(65536, 100L << 40)]
    public void GrowingFarBeyondTheFirstL1TableKeepsTheContent(int clusterSize, long size)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        string image = folder["i.qcow2"];
        DiskImage.Create(image, new DiskCreateOptions { Size = 1 << 20, FormatOptions = Tools.Options(clusterSize, 16) });
        byte[] content = Fill(image, 1 << 20);
        using (ImageDisk disk = DiskImage.Open(image))
        {
            disk.Resize(size, mayShrink: false);
            Assert.Equal(size, disk.Length);
            Assert.Equal(DiskStatus.Ok, disk.Write(size - 700, new byte[700]));
            Assert.Throws<DiskException>(() => disk.Resize(1 << 20, mayShrink: false));
        }

        Tools.CheckClean(image);
        using (ImageDisk disk = DiskImage.Open(image))
            disk.Resize(1 << 20, mayShrink: true);
        Tools.CheckClean(image);
        Tools.CompareEqual(image, content);
        Assert.True(new FileInfo(image).Length < 3 << 20, "the file was cut off behind its last cluster");
    }

    [SkippableFact]
    public void GrowingOverALongerBackingDiskReadsZeroes()
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        string image = folder["over.qcow2"];
        byte[] below = new byte[1 << 20];
        Array.Fill(below, (byte)5);
        File.WriteAllBytes(folder["base.raw"], below);
        DiskImage.Create(image, new DiskCreateOptions { Size = 100 * 512, BackingPath = "base.raw", BackingFormat = DiskFormat.Raw });
        using (ImageDisk disk = DiskImage.Open(image))
            disk.Resize(1 << 20, mayShrink: false);
        below.AsSpan(100 * 512).Clear();
        Tools.CheckClean(image);
        Tools.CompareEqual(image, below);
        using (ImageDisk disk = DiskImage.Open(image))
            disk.MakeEmpty();
        Array.Fill(below, (byte)5);
        Tools.CheckClean(image);
        Tools.CompareEqual(image, below);
    }

    [SkippableTheory]
    [InlineData(Preallocation.Metadata, "off")]
    [InlineData(Preallocation.Full, "off")]
    [InlineData(Preallocation.Falloc, "on")]
    public void PreallocatingWhatIsAddedKeepsWhatShowsFromBelow(Preallocation mode, string extended)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        string image = folder["over.qcow2"];
        byte[] content = new byte[200 << 10];
        new Random(9).NextBytes(content);
        File.WriteAllBytes(folder["base.raw"], content);
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", $"extended_l2={extended}", "-b", "base.raw", "-F", "raw", image, "31k");
        using (ImageDisk disk = DiskImage.Open(image))
            disk.Resize(150 << 10, mayShrink: false, mode);
        content.AsSpan(31 << 10).Clear();
        Tools.CheckClean(image);
        Tools.CompareEqual(image, content[..(150 << 10)]);
    }

    [SkippableTheory]
    [InlineData("refcount_bits=16", "refcount_bits", "1")]
    [InlineData("refcount_bits=1,cluster_size=512", "refcount_bits", "64")]
    [InlineData("refcount_bits=64,cluster_size=4096", "refcount_bits", "8")]
    [InlineData("compat=0.10", "compat", "1.1")]
    [InlineData("compat=1.1", "compat", "0.10")]
    [InlineData("compat=1.1", "lazy_refcounts", "on")]
    [InlineData("lazy_refcounts=on", "lazy_refcounts", "off")]
    [InlineData("cluster_size=512", "size", "5M")]
    public void AmendedImagesAreCleanAndEqual(string made, string option, string value)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        string image = folder["i.qcow2"];
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "raw", "base.raw", "2M");
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", made, "-b", "base.raw", "-F", "raw", image, "2M");
        byte[] content = new byte[2 << 20];
        Fill(image, 1 << 20).CopyTo(content, 0);
        Tools.Expect(folder.Path, "qemu-io", "-c", "write -z 64k 256k", "-c", "write -z 1536k 64k", image);
        content.AsSpan(64 << 10, 256 << 10).Clear();
        using (ImageDisk disk = DiskImage.Open(image))
            disk.Amend(new Dictionary<string, string> { [option] = value }, null, CancellationToken.None);
        Tools.CheckClean(image);
        if (option == "size")
            Array.Resize(ref content, 5 << 20);
        Tools.CompareEqual(image, content);
        string info = Info(image);
        Assert.Contains(option switch
        {
            "refcount_bits" => $"refcount bits: {value}\n",
            "compat" => $"compat: {value}\n",
            "size" => "virtual size: 5 MiB",
            _ => $"lazy refcounts: {(value == "on" ? "true" : "false")}\n",
        }, info);
    }

    [SkippableFact]
    public void DowngradingExpandsZeroesThatSnapshotsShare()
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        string image = folder["i.qcow2"];
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "raw", "base.raw", "2M");
        Tools.Expect(folder.Path, "qemu-io", "-f", "raw", "-c", "write -P 8 0 2M", "base.raw");
        Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", image);
        Tools.Expect(folder.Path, "qemu-io", "-c", "write -P 3 0 128k", "-c", "write -z 64k 256k", image);
        Tools.Expect(folder.Path, "qemu-img", "snapshot", "-c", "s", image);
        using (ImageDisk disk = DiskImage.Open(image))
            disk.Amend(new Dictionary<string, string> { ["compat"] = "0.10" }, null, CancellationToken.None);
        byte[] content = new byte[2 << 20];
        Array.Fill(content, (byte)8);
        content.AsSpan(0, 64 << 10).Fill(3);
        content.AsSpan(64 << 10, 256 << 10).Clear();
        Tools.CheckClean(image);
        Tools.CompareEqual(image, content);
        Tools.Expect(folder.Path, "qemu-io", "-c", "write -P 7 0 2M", image);
        Tools.Expect(folder.Path, "qemu-img", "snapshot", "-a", "s", image);
        Tools.CheckClean(image);
        Tools.CompareEqual(image, content);
    }

    [Theory]
    [InlineData("compat", "0.42", "Unknown compatibility level 0.42")]
    [InlineData("foo", "bar", "Invalid parameter 'foo'")]
    [InlineData("cluster_size", "32k", "only supported for image creation")]
    [InlineData("refcount_bits", "3", "Refcount width must be a power of two")]
    [InlineData("data_file", "x", "data-file can only be set for images that use an external data file")]
    [InlineData("data_file_raw", "on", "data-file-raw cannot be set on existing images")]
    [InlineData("backing_file", "x", "Cannot amend the backing file")]
    public void AmendmentsThatDoNotFitAreRefusedInQemusWords(string option, string value, string message)
    {
        using TemporaryFolder folder = new();
        string image = folder["i.qcow2"];
        DiskImage.Create(image, new DiskCreateOptions { Size = 1 << 20 });
        byte[] before = File.ReadAllBytes(image);
        using (ImageDisk disk = DiskImage.Open(image))
            Assert.Contains(message, Assert.Throws<DiskException>(() => disk.Amend(new Dictionary<string, string> { [option] = value }, null, CancellationToken.None)).Message);
        Assert.Equal(before, File.ReadAllBytes(image));
    }
}
