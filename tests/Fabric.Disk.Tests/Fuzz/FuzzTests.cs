using Fabric.Disk.Formats;

namespace Fabric.Disk.Tests.Fuzz;

/// <summary>Damaged images of every format: a short run each time, a long one with <c>FABRIC_TEST_COUNT=1000000</c>; a failure names the seed
/// and the number that make it again. The corpus in <c>Corpus/</c> has one image for each way that such a run went; with
/// <c>FABRIC_FUZZ_CORPUS=FOLDER</c> a run leaves its own there.</summary>
public sealed class FuzzTests
{
    public static TheoryData<string> Formats => new() { "qcow2", "vhdx", "vpc", "vmdk" };

    [Theory]
    [MemberData(nameof(Formats))]
    public void MutatedImagesAreServedOrRefused(string name)
    {
        ImageFormat format = FormatNamed(name);
        IReadOnlyList<FuzzSeed> seeds = FuzzSeeds.Of(name);
        int count = Tools.Count(4000);
        int first = Tools.Seed * 7919;
        using FuzzCorpus? corpus = FuzzCorpus.Wanted(name);
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = 2 }, () => new ImageFuzzer(format), (i, _, fuzzer) =>
        {
            fuzzer.Mutate(seeds[i % seeds.Count], first + i);
            corpus?.Offer(fuzzer, seeds[i % seeds.Count], first + i);
            return fuzzer;
        }, fuzzer => fuzzer.Dispose());
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void TheCorpusIsServedOrRefused(string name)
    {
        using ImageFuzzer fuzzer = new(FormatNamed(name));
        string[] files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Fuzz", "Corpus", name), "*.gz");
        Assert.NotEmpty(files);
        foreach (string file in files)
            fuzzer.Replay(Path.GetFileName(file), ImageFuzzer.Unpack(file));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void SeedsThemselvesAreSound(string name)
    {
        ImageFormat format = FormatNamed(name);
        foreach (FuzzSeed seed in FuzzSeeds.Of(name))
        {
            MemoryStore store = new();
            store.Reset(seed.Bytes, int.MaxValue, readOnly: true);
            using ImageDisk disk = format.Open(store, new ImageOpening("memory", true, new DiskOpenOptions { ReadOnly = true, WithoutBacking = true }, []));
            Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[disk.Length]));
        }
    }

    private static ImageFormat FormatNamed(string name)
    {
        Assert.True(DiskImage.TryParseFormat(name, out DiskFormat format));
        return DiskImage.FormatOf(format);
    }
}
