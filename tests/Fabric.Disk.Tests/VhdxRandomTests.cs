using System.Globalization;

namespace Fabric.Disk.Tests;

/// <summary>Seeded sequences of requests on VHDX images, judged by qemu-img check and compare; between two of them qemu-io writes.</summary>
public sealed class VhdxRandomTests
{
    [SkippableTheory]
    [InlineData("block_size=1M")]
    [InlineData("block_size=2M,block_state_zero=off")]
    [InlineData("block_size=1M,subformat=fixed")]
    [InlineData("qemu")]
    public void SequencesLeaveWhatQemuFindsCleanAndEqual(string options)
    {
        Tools.Need("qemu-io");
        using TemporaryFolder folder = new();
        for (int round = 0; round < Tools.Count(2); round++)
        {
            Random random = new(Tools.Seed + (round * 7919) + options.Length);
            string image = folder[$"{round}.vhdx"];
            DiskModel model = new(new byte[(random.Next(1, 5) << 20) + (random.Next(2048) * 512)]);
            if (options == "qemu")
                Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "vhdx", "-o", "block_size=1M", image, $"{model.Bytes.Length}");
            else
                VhdxImages.Create(image, model.Bytes.Length, options);
            for (int opening = 0; opening < 3; opening++)
            {
                model = Exercise(image, model, random);
                VhdxImages.ExpectSound(image, model.Bytes);
                if (opening == 1)
                    LetQemuWrite(image, model, random);
            }

            File.Delete(image);
        }
    }

    private static DiskModel Exercise(string image, DiskModel model, Random random)
    {
        using ImageDisk disk = DiskImage.Open(image);
        Assert.Equal(model.Bytes.Length, disk.Length);
        int resizeAt = random.Next(60);
        for (int step = 0; step < 30; step++)
        {
            model.Step(disk, random);
            if (step == resizeAt)
            {
                disk.Resize(model.Bytes.Length + (random.Next(1, 4000) * 512L), mayShrink: false);
                model = new DiskModel([.. model.Bytes, .. new byte[disk.Length - model.Bytes.Length]]);
            }
        }

        model.ExpectEqual(disk);
        return model;
    }

    private static void LetQemuWrite(string image, DiskModel model, Random random)
    {
        List<string> arguments = ["-f", "vhdx"];
        for (int i = 0; i < 3; i++)
        {
            int offset = random.Next(model.Bytes.Length) & -512;
            int length = Math.Min(random.Next(1, 3000) * 512, model.Bytes.Length - offset);
            byte pattern = (byte)random.Next(256);
            model.Bytes.AsSpan(offset, length).Fill(pattern);
            arguments.AddRange(["-c", string.Create(CultureInfo.InvariantCulture, $"write -P {pattern} {offset} {length}")]);
        }

        Tools.Expect("/", "qemu-io", [.. arguments, image]);
    }

    /// <summary>QEMU does not know differencing images: in the end the child holds everything itself and lets go of its parent.</summary>
    [SkippableTheory]
    [InlineData("block_size=1M")]
    [InlineData("block_size=2M,logical_sector_size=4096")]
    public void DifferencingSequencesEndInADiskOfItsOwn(string options)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        for (int round = 0; round < Tools.Count(2); round++)
        {
            Random random = new(Tools.Seed + (round * 6007) + options.Length);
            string image = folder["child.vhdx"];
            byte[] below = new byte[(random.Next(1, 5) << 20) + (random.Next(100) * 4096)];
            random.NextBytes(below.AsSpan(below.Length / 3));
            DiskImage.Create(folder["base.vhdx"], new DiskCreateOptions { Format = DiskFormat.Vhdx, Size = below.Length, FormatOptions = VhdxImages.Options(options), Overwrite = true });
            using (IDisk parent = DiskImage.Open(folder["base.vhdx"]))
                Assert.Equal(DiskStatus.Ok, parent.Write(0, below));
            byte[] content = new byte[(random.Next(1, 5) << 20) + (random.Next(100) * 4096)];
            below.AsSpan(0, Math.Min(below.Length, content.Length)).CopyTo(content);
            VhdxImages.Create(image, content.Length, options, "base.vhdx");
            DiskModel model = new(content);
            for (int opening = 0; opening < 3; opening++)
            {
                model = ExerciseChild(image, model, random);
                DiskCheckResult check = DiskImage.Check(image, new DiskOpenOptions(), DiskRepair.None);
                Assert.True(check.Corruptions == 0, string.Join("; ", check.Messages));
            }

            using (ImageDisk disk = DiskImage.Open(image))
            {
                model.ExpectEqual(disk);
                Assert.Equal(DiskStatus.Ok, disk.Write(0, model.Bytes));
                disk.SetBacking(null, null);
                model.ExpectEqual(disk);
            }

            Assert.Null(DiskImage.Inspect(image).BackingFileName);
            if (!options.Contains("4096", StringComparison.Ordinal))
                VhdxImages.ExpectSound(image, model.Bytes);
            File.Delete(image);
        }
    }

    private static DiskModel ExerciseChild(string image, DiskModel model, Random random)
    {
        using ImageDisk disk = DiskImage.Open(image);
        int resizeAt = random.Next(60);
        for (int step = 0; step < 30; step++)
        {
            model.Step(disk, random);
            if (step == resizeAt)
            {
                disk.Resize(model.Bytes.Length + (random.Next(1, 500) * 4096L), mayShrink: false);
                model = new DiskModel([.. model.Bytes, .. new byte[disk.Length - model.Bytes.Length]]);
            }
        }

        model.ExpectEqual(disk);
        return model;
    }
}
