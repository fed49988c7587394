namespace Fabric.Disk.Tests;

/// <summary>Seeded sequences of requests, judged by qemu-img check and compare.</summary>
public sealed class Qcow2RandomTests
{
    [SkippableTheory]
    [InlineData(512, 16, "none")]
    [InlineData(512, 64, "qcow2")]
    [InlineData(4096, 1, "raw")]
    [InlineData(4096, 2, "qcow2")]
    [InlineData(65536, 16, "none")]
    [InlineData(65536, 4, "qcow2")]
    [InlineData(65536, 8, "v2")]
    [InlineData(1 << 20, 32, "raw")]
    [InlineData(2 << 20, 16, "none")]
    public void SequencesLeaveWhatQemuFindsCleanAndEqual(int clusterSize, int refcountBits, string backing)
    {
        Tools.Need();
        using TemporaryFolder folder = new();
        int rounds = Tools.Count(2);
        for (int round = 0; round < rounds; round++)
        {
            Random random = new(Tools.Seed + (round * 7919) + clusterSize + refcountBits);
            int size = (random.Next(1, 6) << 20) + (random.Next(2048) * 512);
            string image = folder[$"{round}.qcow2"];
            byte[] model = new byte[size];
            if (backing != "none")
                MakeBacking(folder, image, backing, random, model);
            else
                DiskImage.Create(image, new DiskCreateOptions { Size = size, FormatOptions = Tools.Options(clusterSize, refcountBits) });
            if (backing is "raw" or "qcow2")
                DiskImage.Create(image, new DiskCreateOptions
                {
                    Size = size,
                    FormatOptions = Tools.Options(clusterSize, refcountBits),
                    BackingPath = "base",
                    BackingFormat = backing == "raw" ? DiskFormat.Raw : DiskFormat.Qcow2,
                });
            Exercise(image, new DiskModel(model), random);
            File.Delete(image);
        }
    }

    private static void MakeBacking(TemporaryFolder folder, string image, string kind, Random random, byte[] model)
    {
        // Shorter than the overlay: what lies behind its end reads as zeroes.
        int size = ((model.Length * 3) / 4) & -512;
        byte[] below = new byte[size];
        random.NextBytes(below.AsSpan(size / 4, size / 3));
        below.CopyTo(model, 0);
        string raw = folder["base.raw"];
        File.WriteAllBytes(raw, below);
        Tools.Expect(folder.Path, "qemu-img", "convert", "-f", "raw", "-O", kind == "raw" ? "raw" : "qcow2", raw, folder["base"]);
        if (kind == "v2")
            Tools.Expect(folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", "compat=0.10", "-b", "base", "-F", "qcow2", image, model.Length.ToString());
    }

    private static void Exercise(string image, DiskModel model, Random random)
    {
        for (int opening = 0; opening < 3; opening++)
        {
            using (IDisk disk = DiskImage.Open(image, new DiskOpenOptions { MetadataCacheBytes = opening == 1 ? 1 << 20 : 4096 }))
            {
                Assert.Equal(model.Bytes.Length, disk.Length);
                for (int step = 0; step < 60; step++)
                    model.Step(disk, random);
                model.ExpectEqual(disk);
            }

            Tools.CheckClean(image);
            Tools.CompareEqual(image, model.Bytes);
        }
    }
}
