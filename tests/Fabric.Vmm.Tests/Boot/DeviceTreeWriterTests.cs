using System.Buffers.Binary;
using Fabric.Vmm.Boot;

namespace Fabric.Vmm.Tests.Boot;

public class DeviceTreeWriterTests
{
    [Fact]
    public void Blob_is_laid_out_as_in_chapter_5_of_the_specification()
    {
        byte[] blob = new DeviceTreeWriter().Begin("").Cells("a", 0x01020304).Begin("n").Flag("a").End().End().Build(bootHart: 3);

        uint[] words = new uint[blob.Length / 4];
        for (int i = 0; i < words.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt32BigEndian(blob.AsSpan(i * 4));
        // Header; the empty reservation map; then tokens 1 (node), 3 (property: length, name offset), 2 (end of node), 9 (end).
        uint[] expected =
        [
            0xd00dfeed, 118, 56, 116, 40, 17, 16, 3, 2, 60,
            0, 0, 0, 0,
            1, 0, 3, 4, 0, 0x01020304, 1, 0x6e000000, 3, 0, 0, 2, 2, 9,
        ];
        expected[1] = (uint)blob.Length;
        expected[3] = (uint)(blob.Length - 2);
        expected[9] = (uint)(blob.Length - 2 - 56);
        Assert.Equal(expected, words);
        Assert.Equal("a\0"u8.ToArray(), blob[^2..]);
    }

    [SkippableFact]
    public async Task The_device_tree_compiler_reads_back_what_was_written()
    {
        byte[] blob = new DeviceTreeWriter()
            .Begin("").Cells("#address-cells", 2).Cells("#size-cells", 2).Strings("compatible", "a,b", "c")
            .Begin("node@1000").Longs("reg", 0x1_0000_1000, 0x20).Flag("dma-coherent").Bytes("odd", [1, 2, 3]).End()
            .End().Build(0);

        string source = await Dtc.DecompileAsync(blob);

        Assert.Contains("#address-cells = <0x02>;", source, StringComparison.Ordinal);
        Assert.Contains("compatible = \"a,b\\0c\";", source, StringComparison.Ordinal);
        Assert.Contains("node@1000 {", source, StringComparison.Ordinal);
        Assert.Contains("reg = <0x01 0x1000 0x00 0x20>;", source, StringComparison.Ordinal);
        Assert.Contains("dma-coherent;", source, StringComparison.Ordinal);
        Assert.Contains("odd = [01 02 03];", source, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_device_tree_compiler_has_nothing_to_say_against_the_board()
    {
        var options = new MachineOptions { Name = "m", MemoryBytes = 64 << 20, Harts = 2, Kernel = "k", Firmware = "f", Cmdline = "a=b \"c\"" };
        byte[] blob = new BoardDescription(options, 10, 10_000_000).Build(new Fabric.Memory.MemoryRange(0x8200_0000, 0x1234));

        string source = await Dtc.DecompileAsync(blob);

        Assert.Contains("bootargs = \"a=b \\\"c\\\"\";", source, StringComparison.Ordinal);
        Assert.Contains("linux,initrd-end = <0x00 0x82001234>;", source, StringComparison.Ordinal);
        Assert.Contains("timebase-frequency = <0x989680>;", source, StringComparison.Ordinal);
        Assert.Contains("cpu@1 {", source, StringComparison.Ordinal);
        Assert.Contains("interrupts-extended = <0x10 0x0b 0x10 0x09 0x11 0x0b 0x11 0x09>;", source, StringComparison.Ordinal);
        Assert.Contains("virtio_mmio@1000a000 {", source, StringComparison.Ordinal);
    }
}
