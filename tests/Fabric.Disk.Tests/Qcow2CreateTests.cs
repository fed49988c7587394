using System.Text.Json;

namespace Fabric.Disk.Tests;

/// <summary>Options for creating qcow2 images: what QEMU makes of them is the measure, in bytes and in words.</summary>
public sealed class Qcow2CreateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static DiskCreateOptions Options(string options, long size) => new() { Size = size, FormatOptions = Tools.ParseOptions(options), Overwrite = true };

    [SkippableTheory]
    [InlineData("")]
    [InlineData("compat=0.10")]
    [InlineData("compat=v2,cluster_size=4k")]
    [InlineData("compat=v3,cluster_size=2M,refcount_bits=1")]
    [InlineData("cluster_size=512,refcount_bits=64,lazy_refcounts=on")]
    [InlineData("compression_type=zstd")]
    [InlineData("extended_l2=on,compression_type=zlib")]
    [InlineData("extended_l2=on,cluster_size=16k,lazy_refcounts=on,compression_type=zstd")]
    [InlineData("data_file=ours.data")]
    [InlineData("preallocation=metadata")]
    [InlineData("preallocation=falloc,cluster_size=8k")]
    [InlineData("preallocation=full,compat=0.10")]
    [InlineData("preallocation=metadata,cluster_size=512,refcount_bits=64")]
    public void QemuFindsTheImageItWouldHaveMade(string options)
    {
        Tools.Need();
        DiskImage.Create(_folder["ours"], Options(options, 5 << 20));
        string theirOptions = options.Replace("ours", "theirs", StringComparison.Ordinal);
        Tools.Expect(_folder.Path, "qemu-img", ["create", "-q", "-f", "qcow2", "-o", theirOptions.Length == 0 ? "cluster_size=64k" : theirOptions, "theirs", "5M"]);
        Tools.Expect(_folder.Path, "qemu-img", "check", "-f", "qcow2", "ours");
        Tools.Expect(_folder.Path, "qemu-img", "compare", "ours", "theirs");
        Assert.Equal(Info("theirs"), Info("ours").Replace("ours", "theirs", StringComparison.Ordinal));
        // With metadata alone, where the host happens to have holes shows through.
        if (options.Contains("preallocation=f", StringComparison.Ordinal))
            Assert.Equal(Map("theirs"), Map("ours"));
        if (!options.Contains("compat=0.10", StringComparison.Ordinal) || options.Contains("falloc", StringComparison.Ordinal))
            Assert.InRange(new FileInfo(_folder["ours"]).Length, 0, new FileInfo(_folder["theirs"]).Length + (2 << 20));
        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json))
            DiskImage.Inspect(_folder["ours"]).WriteJson(writer);
        using var mine = JsonDocument.Parse(json.ToArray());
        using var judge = JsonDocument.Parse(Tools.Expect(_folder.Path, "qemu-img", "info", "--output=json", _folder["ours"]));
        Assert.True(JsonElement.DeepEquals(judge.RootElement, mine.RootElement), $"{judge.RootElement}\n{mine.RootElement}");
    }

    private string Info(string image)
    {
        using var info = JsonDocument.Parse(Tools.Expect(_folder.Path, "qemu-img", "info", "--output=json", image));
        return info.RootElement.GetProperty("format-specific").ToString();
    }

    private string Map(string image)
    {
        using var map = JsonDocument.Parse(Tools.Expect(_folder.Path, "qemu-img", "map", "--output=json", image));
        return string.Join(' ', map.RootElement.EnumerateArray().Select(run => $"{run.GetProperty("start")}+{run.GetProperty("length")} {run.GetProperty("present")} {run.GetProperty("data")} {run.GetProperty("zero")}"));
    }

    [SkippableTheory]
    [InlineData("cluster_size=1000")]
    [InlineData("cluster_size=256")]
    [InlineData("cluster_size=4M")]
    [InlineData("compat=0.11")]
    [InlineData("compat=0.10,lazy_refcounts=on")]
    [InlineData("compat=0.10,refcount_bits=8")]
    [InlineData("refcount_bits=7")]
    [InlineData("refcount_bits=128")]
    [InlineData("compat=0.10,extended_l2=on")]
    [InlineData("extended_l2=on,cluster_size=8k")]
    [InlineData("compat=0.10,compression_type=zstd")]
    [InlineData("compression_type=lzma")]
    [InlineData("data_file_raw=on")]
    [InlineData("compat=0.10,data_file=x")]
    [InlineData("preallocation=some")]
    [InlineData("backing_file=base,backing_fmt=raw,preallocation=metadata")]
    [InlineData("backing_file=base,backing_fmt=raw,data_file=x,data_file_raw=on")]
    public void WhatDoesNotGoTogetherIsRefusedInQemusWords(string options)
    {
        Tools.Need();
        File.WriteAllBytes(_folder["base"], new byte[1 << 20]);
        DiskException refused = Assert.Throws<DiskException>(() => DiskImage.Create(_folder["ours"], Options(options, 1 << 20)));
        (int code, string output) = Tools.Run(_folder.Path, "qemu-img", "create", "-q", "-f", "qcow2", "-o", options, "ours", "1M");
        Assert.NotEqual(0, code);
        Assert.Equal(output.Trim().Replace("qemu-img: ours: ", "", StringComparison.Ordinal), refused.Message.Replace(_folder["ours"] + ": ", "", StringComparison.Ordinal));
        Assert.False(File.Exists(_folder["ours"]));
    }

    [SkippableTheory]
    [InlineData("")]
    [InlineData("cluster_size=512,refcount_bits=64")]
    [InlineData("extended_l2=on")]
    [InlineData("cluster_size=2M,refcount_bits=1")]
    [InlineData("preallocation=full")]
    public void MeasureSaysWhatQemuSays(string options)
    {
        Tools.Need();
        foreach (long size in new[] { 1L << 20, 12345 * 512, 7L << 30 })
        {
            using var judge = JsonDocument.Parse(Tools.Expect("/", "qemu-img", "measure", "--output=json", "-O", "qcow2", "-o", options.Length == 0 ? "cluster_size=64k" : options, "--size", $"{size}"));
            Formats.Qcow2Format format = new();
            Assert.Equal(judge.RootElement.GetProperty("required").GetInt64(), format.Measure(size, 0, Tools.ParseOptions(options)));
            Assert.Equal(judge.RootElement.GetProperty("fully-allocated").GetInt64(), format.Measure(size, size, Tools.ParseOptions(options)));
        }
    }
}
