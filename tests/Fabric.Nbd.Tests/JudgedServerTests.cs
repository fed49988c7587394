using System.Text.Json;
using Fabric.TestKit;

namespace Fabric.Nbd.Tests;

/// <summary>The server before other people's clients.</summary>
public class JudgedServerTests
{
    [SkippableFact]
    public void Nbdinfo_sees_what_is_offered()
    {
        Tools.Need("nbdinfo");
        using ServedImage served = ServedImage.Qcow2(64 << 20, out _);
        using JsonDocument info = JsonDocument.Parse(Tools.Expect("/", "nbdinfo", "--json", served.Uri));
        JsonElement export = info.RootElement.GetProperty("exports")[0];
        Assert.True(info.RootElement.GetProperty("structured").GetBoolean());
        Assert.Equal(64 << 20, export.GetProperty("export-size").GetInt64());
        Assert.Equal("a test", export.GetProperty("description").GetString());
        Assert.Equal("base:allocation", export.GetProperty("contexts")[0].GetString());
        foreach (string ability in (string[])["can_cache", "can_df", "can_fast_zero", "can_flush", "can_fua", "can_multi_conn", "can_trim", "can_zero"])
            Assert.True(export.GetProperty(ability).GetBoolean(), ability);
        Assert.Equal(1, export.GetProperty("block_size_minimum").GetInt32());
        Assert.Equal(32 << 20, export.GetProperty("block_size_maximum").GetInt32());
    }

    [SkippableFact]
    public void Qemu_io_reads_what_it_wrote_and_the_image_stays_clean()
    {
        Tools.Need("qemu-io");
        using ServedImage served = ServedImage.Qcow2(256 << 20, out string path);
        string output = Tools.Expect("/", "qemu-io", "-f", "raw",
            "-c", "write -P 7 1M 4M", "-c", "write -f -P 9 20M 33M", "-c", "read -P 9 20M 33M", "-c", "read -P 7 1M 4M",
            "-c", "discard 20M 1M", "-c", "write -zu 30M 1M", "-c", "write -z 31M 1M", "-c", "read -P 0 30M 2M",
            "-c", "aio_write -P 3 12345 777", "-c", "aio_flush", "-c", "read -P 3 12345 777", "-c", "flush", served.Uri);
        Assert.DoesNotContain("verification failed", output, StringComparison.Ordinal);
        served.Close();
        Tools.CheckClean(path);
    }

    [SkippableFact]
    public void Nbdcopy_takes_a_sparse_disk_away_and_brings_it_back()
    {
        Tools.Need("nbdcopy");
        using ServedImage served = ServedImage.Qcow2(32 << 20, out string path);
        byte[] model = new byte[32 << 20];
        new Random(TestSeed.Seed).NextBytes(model.AsSpan(3 << 20, 5 << 20));
        string source = served.Folder["source.raw"], copy = served.Folder["copy.raw"];
        File.WriteAllBytes(source, model);
        Tools.Expect("/", "nbdcopy", "--flush", source, served.Uri);
        Tools.Expect("/", "nbdcopy", served.Uri, copy);
        Assert.True(model.AsSpan().SequenceEqual(File.ReadAllBytes(copy)));
        served.Close();
        Tools.CheckClean(path);
        Tools.CompareEqual(path, model);
    }

    [SkippableFact]
    public void Qemu_img_maps_holes_and_data()
    {
        Tools.Need("qemu-img");
        using ServedImage served = ServedImage.Qcow2(16 << 20, out _);
        Tools.Expect("/", "qemu-io", "-f", "raw", "-c", "write -P 1 4M 2M", served.Uri);
        using JsonDocument map = JsonDocument.Parse(Tools.Expect("/", "qemu-img", "map", "-f", "raw", "--output=json", served.Uri));
        Assert.Equal([(0L, 4L << 20, false), (4L << 20, 2L << 20, true), (6L << 20, 10L << 20, false)], map.RootElement.EnumerateArray()
            .Select(run => (run.GetProperty("start").GetInt64(), run.GetProperty("length").GetInt64(), run.GetProperty("data").GetBoolean())));
    }

    [SkippableFact]
    public void Fio_verifies_several_connections_writing_at_once()
    {
        Tools.Need("fio");
        using ServedImage served = ServedImage.Qcow2(64 << 20, out string path);
        Tools.Expect("/", "fio", "--name=v", "--ioengine=nbd", "--uri=" + served.Uri, "--rw=randwrite", "--bs=4k", "--size=4m", "--offset_increment=8m",
            "--numjobs=3", "--iodepth=16", "--verify=crc32c", "--verify_fatal=1", "--fsync=100", "--output=" + served.Folder["fio.log"]);
        served.Close();
        Tools.CheckClean(path);
    }
}
