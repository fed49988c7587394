using System.Globalization;

namespace Fabric.Disk.Tests;

/// <summary>An image and what its content and each snapshot's content should be, through seeded operations.</summary>
internal sealed class SnapshotModel
{
    private readonly TemporaryFolder _folder;
    private readonly bool _isOld;
    private readonly List<(string Name, byte[] Bytes)> _kept = [];
    private DiskModel _model;
    private int _named;

    private SnapshotModel(TemporaryFolder folder, string path, byte[] bytes, bool isOld)
    {
        _folder = folder;
        Path = path;
        _isOld = isOld;
        _model = new DiskModel(bytes);
    }

    public string Path { get; }

    public byte[] Bytes => _model.Bytes;

    public int SnapshotCount => _kept.Count;

    public static SnapshotModel Make(TemporaryFolder folder, Random random, int clusterSize, int refcountBits, string shape)
    {
        int size = (random.Next(1, 3) << 20) + (random.Next(1024) * 512);
        string image = folder["image.qcow2"];
        byte[] bytes = new byte[size];
        string options = $"cluster_size={clusterSize},refcount_bits={refcountBits}{(shape == "extended" ? ",extended_l2=on" : shape == "lazy" ? ",lazy_refcounts=on" : "")}";
        string length = size.ToString(CultureInfo.InvariantCulture);
        switch (shape)
        {
            case "none":
                DiskImage.Create(image, new DiskCreateOptions { Size = size, FormatOptions = Tools.Options(clusterSize, refcountBits) });
                break;
            case "compressed":
                for (int at = 0; at < size; at += 8192)
                    bytes.AsSpan(at, Math.Min(4000, size - at)).Fill((byte)random.Next(1, 256));
                File.WriteAllBytes(folder["base.raw"], bytes);
                Tools.Expect(folder.Path, "qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2", "-o", options, "base.raw", image);
                break;
            default:
                random.NextBytes(bytes.AsSpan(0, size / 2));
                File.WriteAllBytes(folder["base.raw"], bytes.AsSpan(0, size / 2 & -512));
                bytes.AsSpan(size / 2 & -512).Clear();
                Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", shape == "v2" ? $"cluster_size={clusterSize},compat=0.10" : options, "-b", "base.raw", "-F", "raw", image, length);
                break;
        }

        return new SnapshotModel(folder, image, bytes, isOld: shape == "v2");
    }

    /// <summary>Opens the image, does so many operations and closes it.</summary>
    public void Exercise(Random random, int steps)
    {
        using ImageDisk disk = DiskImage.Open(Path, new DiskOpenOptions { MetadataCacheBytes = random.Next(2) == 0 ? 4096 : 1 << 20 });
        for (int step = 0; step < steps; step++)
            Step(disk, random);
        _model.ExpectEqual(disk);
    }

    private void Step(ImageDisk disk, Random random)
    {
        int kind = random.Next(14);
        if (kind == 0 && _kept.Count < 6)
        {
            // Names need not be unique; ids are.
            DiskSnapshot made = disk.CreateSnapshot($"s{_named++ % 3}", DateTimeOffset.UnixEpoch.AddSeconds(_named));
            Assert.Equal(Bytes.Length, made.DiskSize);
            _kept.Add((made.Id, Bytes.ToArray()));
        }
        else if (kind == 1 && _kept.Count > 0)
        {
            (string id, byte[] bytes) = _kept[random.Next(_kept.Count)];
            disk.RevertSnapshot(id);
            _model = new DiskModel(bytes.ToArray());
            Assert.Equal(bytes.Length, disk.Length);
        }
        else if (kind == 2 && _kept.Count > 0)
        {
            int index = random.Next(_kept.Count);
            disk.DeleteSnapshot(_kept[index].Name);
            _kept.RemoveAt(index);
        }
        else if (kind == 3 && _kept.Count > 0)
        {
            (string id, byte[] bytes) = _kept[random.Next(_kept.Count)];
            using IDisk view = disk.OpenSnapshot(id);
            Assert.Equal(bytes.Length, view.Length);
            new DiskModel(bytes).ExpectEqual(view);
        }
        else if (kind == 4 && (!_isOld || _kept.Count == 0))
        {
            Resize(disk, random);
        }
        else
        {
            _model.Step(disk, random);
        }
    }

    private void Resize(ImageDisk disk, Random random)
    {
        int size = Math.Max(512, Bytes.Length + ((random.Next(2048) - 900) * 512));
        Preallocation mode = size > Bytes.Length && random.Next(3) == 0 ? (Preallocation)random.Next(4) : Preallocation.Off;
        disk.Resize(size, mayShrink: true, mode);
        byte[] bytes = Bytes;
        Array.Resize(ref bytes, size);
        _model = new DiskModel(bytes);
        Assert.Equal(size, disk.Length);
    }

    /// <summary>qemu-img finds the image clean, and the content and every snapshot as they should be.</summary>
    public void JudgeByQemu()
    {
        Tools.CheckClean(Path);
        Tools.CompareEqual(Path, Bytes);
        foreach ((string id, byte[] bytes) in _kept)
        {
            Tools.Expect(_folder.Path, "qemu-img", "convert", "-f", "qcow2", "-O", "raw", "-l", $"snapshot.id={id}", Path, "view.raw");
            // QEMU shows a snapshot with the present size.
            int length = Math.Min(bytes.Length, Bytes.Length);
            Assert.True(File.ReadAllBytes(_folder["view.raw"]).AsSpan(0, length).SequenceEqual(bytes.AsSpan(0, length)), $"snapshot {id} differs");
        }
    }
}
