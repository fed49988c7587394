namespace Fabric.Disk.Tests;

/// <summary>Seeded sequences of requests to images of formats that QEMU's tools know too: both write to one image in turn, and QEMU's tools judge
/// what is left.</summary>
/// <param name="Format">The format.</param>
/// <param name="Options">Options for creating.</param>
/// <param name="CanCheck">QEMU can check the format.</param>
/// <param name="CanGrow">The image can be made larger.</param>
/// <param name="QemuWrites">QEMU can write anywhere in such an image.</param>
internal sealed record ImageSequences(DiskFormat Format, string Options, bool CanCheck, bool CanGrow, bool QemuWrites = true)
{
    private string Name => DiskImage.NameOf(Format);

    /// <summary>Runs sequences.</summary>
    public void Run(int count)
    {
        using TemporaryFolder folder = new();
        for (int round = 0; round < count; round++)
        {
            Random random = new(Tools.Seed + (round * 7919));
            try
            {
                RunOne(folder, random);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{Name} {Options}, round {round}: {e.Message}", e);
            }

            foreach (string file in Directory.GetFiles(folder.Path))
                File.Delete(file);
        }
    }

    private void RunOne(TemporaryFolder folder, Random random)
    {
        string image = folder["image"];
        byte[] start = new byte[(random.Next(1, 6) << 20) + (random.Next(2048) * 512)];
        if (random.Next(3) == 0)
        {
            random.NextBytes(start.AsSpan(start.Length / 3, random.Next(start.Length / 2)));
            File.WriteAllBytes(folder["start"], start);
            Tools.Expect(folder.Path, "qemu-img", ["convert", "-f", "raw", "-O", Name, .. Options.Length > 0 ? new[] { "-o", Options } : [], folder["start"], image]);
        }
        else
        {
            Dictionary<string, string> options = Options.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
            DiskImage.Create(image, new DiskCreateOptions { Format = Format, Size = start.Length, FormatOptions = options });
        }

        DiskModel model = new(start);
        int openings = random.Next(1, 4);
        for (int opening = 0; opening < openings; opening++)
        {
            model = Open(image, model, random);
            if (QemuWrites && random.Next(3) == 0)
                WriteWithQemu(folder, image, model, random);
        }

        Judge(folder, image, model);
    }

    private DiskModel Open(string image, DiskModel model, Random random)
    {
        using ImageDisk disk = DiskImage.Open(image, new DiskOpenOptions { Format = Format, MetadataCacheBytes = random.Next(2) == 0 ? 4096 : 1 << 20 });
        // The format may have rounded the size up to one that it can say.
        Assert.InRange(disk.Length, model.Bytes.Length, model.Bytes.Length + (1 << 20));
        model = Resized(model, disk.Length);
        for (int step = random.Next(8, 30); step > 0; step--)
            model.Step(disk, random);
        if (CanGrow && random.Next(3) == 0)
        {
            long length = disk.Length + (random.Next(1, 8192) * 512L);
            disk.Resize(length, mayShrink: false);
            model = Resized(model, length);
            Assert.Equal(length, disk.Length);
            for (int step = 0; step < 4; step++)
                model.Step(disk, random);
        }

        model.ExpectEqual(disk);
        return model;
    }

    private static DiskModel Resized(DiskModel model, long length)
    {
        byte[] bytes = model.Bytes;
        Array.Resize(ref bytes, (int)length);
        return new DiskModel(bytes);
    }

    private void WriteWithQemu(TemporaryFolder folder, string image, DiskModel model, Random random)
    {
        List<string> arguments = ["-f", Name];
        for (int write = random.Next(1, 4); write > 0; write--)
        {
            int offset = random.Next(model.Bytes.Length / 512) * 512;
            int length = Math.Min(random.Next(1, 200) * 512, model.Bytes.Length - offset);
            byte pattern = (byte)random.Next(256);
            arguments.AddRange(["-c", $"write -P {pattern} {offset} {length}"]);
            model.Bytes.AsSpan(offset, length).Fill(pattern);
        }

        string output = Tools.Expect(folder.Path, "qemu-io", [.. arguments, image]);
        Assert.DoesNotContain("failed", output, StringComparison.Ordinal);
    }

    private void Judge(TemporaryFolder folder, string image, DiskModel model)
    {
        if (CanCheck)
            Tools.Expect(folder.Path, "qemu-img", "check", "-q", "-f", Name, image);
        File.WriteAllBytes(folder["model"], model.Bytes);
        Tools.Expect(folder.Path, "qemu-img", "compare", "-f", Name, "-F", "raw", image, folder["model"]);
        using ImageDisk disk = DiskImage.Open(image, new DiskOpenOptions { Format = Format, ReadOnly = true });
        model.ExpectEqual(disk);
    }
}
