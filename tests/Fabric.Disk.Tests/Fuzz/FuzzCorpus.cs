using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Fabric.Disk.Tests.Fuzz;

/// <summary>Collects one small image for each outcome that a run meets, so that later runs start where this one got.</summary>
internal sealed class FuzzCorpus : IDisposable
{
    private const int Most = 40;
    private readonly ConcurrentDictionary<string, byte[]> _found = new();
    private readonly string _folder;

    private FuzzCorpus(string folder) => _folder = folder;

    /// <summary>A corpus to fill, when <c>FABRIC_FUZZ_CORPUS</c> names a folder.</summary>
    public static FuzzCorpus? Wanted(string format) =>
        Environment.GetEnvironmentVariable("FABRIC_FUZZ_CORPUS") is { Length: > 0 } folder ? new FuzzCorpus(Path.Combine(folder, format)) : null;

    /// <summary>Keeps the image that was just run, if its outcome is new.</summary>
    public void Offer(ImageFuzzer fuzzer, FuzzSeed seed, int number)
    {
        string outcome = fuzzer.Outcome;
        if (outcome.Length == 0 || _found.ContainsKey(outcome) || _found.Count >= Most)
            return;
        fuzzer.Remake(seed, number);
        _found.TryAdd(outcome, ImageFuzzer.Pack(fuzzer.Image));
    }

    public void Dispose()
    {
        Directory.CreateDirectory(_folder);
        foreach ((string outcome, byte[] image) in _found)
            File.WriteAllBytes(Path.Combine(_folder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(outcome)))[..12]}.gz"), image);
    }
}
