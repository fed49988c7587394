using Fabric.Disk.Formats;

namespace Fabric.Disk.Tests;

/// <summary>Every state that a crash could leave of a VHD or a sparse VMDK opens for writing, with what had been flushed.</summary>
public sealed class VhdCrashTests
{
    private const int Page = 4096;

    [Theory]
    [InlineData("vpc")]
    [InlineData("vmdk")]
    public void FlushedDataSurvivesEveryCrash(string name)
    {
        Assert.True(DiskImage.TryParseFormat(name, out DiskFormat kind));
        ImageFormat format = DiskImage.FormatOf(kind);
        byte[] empty = Fuzz.ImageFuzzer.Make(format, 12 << 20, "");
        for (int round = 0; round < Tools.Count(2); round++)
        {
            Random random = new(Tools.Seed + round);
            CrashStore store = new(empty);
            List<(int Event, byte[] Disk)> flushed = [(0, new byte[16 << 20])];
            byte[] model = new byte[16 << 20];
            using (ImageDisk disk = format.Open(store, new ImageOpening("memory", false, new DiskOpenOptions { MetadataCacheBytes = 4096 }, [])))
                Work(disk, store, random, model, flushed);
            for (int i = 0; i < 60; i++)
            {
                int cut = random.Next(store.Events.Count + 1);
                Judge(format, store.AfterCrash(cut, random.Next(3) == 0 ? null : random), cut, flushed);
            }
        }
    }

    private static void Work(ImageDisk disk, CrashStore store, Random random, byte[] model, List<(int Event, byte[] Disk)> flushed)
    {
        // Each page is written once, with its own number, so that what a crash leaves of it is old, new or a mixture.
        int[] pages = [.. Enumerable.Range(0, (int)(disk.Length / Page)).OrderBy(_ => random.Next()).Take(40)];
        byte[] data = new byte[Page];
        for (int i = 0; i < pages.Length; i++)
        {
            Array.Fill(data, (byte)(i + 1));
            Assert.Equal(DiskStatus.Ok, disk.Write(pages[i] * (long)Page, data));
            data.CopyTo(model, pages[i] * Page);
            if (random.Next(6) != 0)
                continue;
            Assert.Equal(DiskStatus.Ok, disk.Flush());
            flushed.Add((store.Events.Count, model[..(int)disk.Length]));
        }
    }

    private static void Judge(ImageFormat format, byte[] file, int cut, List<(int Event, byte[] Disk)> flushed)
    {
        byte[] expected = flushed.Last(state => state.Event <= cut).Disk;
        CrashStore store = new(file);
        using ImageDisk disk = format.Open(store, new ImageOpening("memory", false, new DiskOpenOptions(), []));
        byte[] found = new byte[disk.Length];
        Assert.Equal(DiskStatus.Ok, disk.Read(0, found));
        for (int i = 0; i < found.Length; i++)
            if (expected[i] != 0 && found[i] != expected[i])
                Assert.Fail($"byte {i} is {found[i]}, not {expected[i]}, after a crash at event {cut}");
        Assert.Equal(DiskStatus.Ok, disk.Write(0, found.AsSpan(0, 512)));
    }
}
