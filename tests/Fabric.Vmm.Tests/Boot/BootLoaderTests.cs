using System.IO.Compression;
using System.Text;
using Fabric.Memory;
using Fabric.Vmm.Boot;

namespace Fabric.Vmm.Tests.Boot;

public sealed class BootLoaderTests : IDisposable
{
    private const ulong Ram = 0x8000_0000;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("fabric-boot-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Kernel_initrd_and_device_tree_lie_apart(bool zipped)
    {
        byte[] image = Kernel(imageSize: 0x30_0000);
        byte[] initrd = Noise(1_000_001);
        using var memory = new GuestMemory(new MemoryRange(Ram, 8 << 20));
        MemoryRange told = default;
        BootEntry entry = new BootLoader(memory, Options(8, Put("kernel", zipped ? Zip(image) : image), Put("initrd", initrd))).Load(range =>
        {
            told = range;
            return [0xd0, 0x0d];
        });

        Assert.Equal((Ram + 0x20_0000, false), (entry.Pc, entry.MachineMode));
        Assert.Equal(image, Read(memory, entry.Pc, image.Length));
        Assert.Equal(((ulong)initrd.Length, 0ul), (told.Length, told.Base % 4096));
        Assert.Equal(initrd, Read(memory, told.Base, initrd.Length));
        Assert.Equal([0xd0, 0x0d], Read(memory, entry.DeviceTree, 2));
        // Not even the kernel's BSS, which its header counts, reaches the initramfs.
        Assert.True(entry.Pc + 0x30_0000 <= told.Base);
        Assert.True(told.Base + told.Length <= entry.DeviceTree);
        Assert.True(entry.DeviceTree + 0x1_0000 <= Ram + (8 << 20));
    }

    [Theory]
    [InlineData(2, 0x1_0000, 0)]
    [InlineData(8, 0x600_0000, 0)]
    [InlineData(8, 0x1_0000, 6 << 20)]
    [InlineData(8, 0x50_0000, 0x10_0000)]
    public void Too_little_memory_is_one_line(int mebibytes, ulong imageSize, int initrdBytes)
    {
        using var memory = new GuestMemory(new MemoryRange(Ram, (ulong)mebibytes << 20));
        string? initrd = initrdBytes == 0 ? null : Put("initrd", new byte[initrdBytes]);
        MachineException fault = Assert.Throws<MachineException>(
            () => new BootLoader(memory, Options(mebibytes, Put("kernel", Kernel(imageSize)), initrd)).Load(_ => []));

        Assert.Matches($"^machine 'm': {mebibytes} MiB of memory are too little for (kernel|initrd) /.*: give it more$", fault.Message);
    }

    [Fact]
    public void A_zip_bomb_is_too_large_not_endless()
    {
        byte[] image = new byte[64 << 20];
        Kernel(0).CopyTo(image, 0);
        using var memory = new GuestMemory(new MemoryRange(Ram, 8 << 20));
        string kernel = Put("kernel", Zip(image));

        Assert.Contains("too little", Assert.Throws<MachineException>(() => new BootLoader(memory, Options(8, kernel)).Load(_ => [])).Message, StringComparison.Ordinal);
    }

    public static TheoryData<byte[], string> BadKernels()
    {
        byte[] unaligned = Kernel(0x1000);
        unaligned[9] = 0x10;
        byte[] cut = Zip(Noise(100_000));
        return new TheoryData<byte[], string>
        {
            { [], "is not a RISC-V Linux Image" },
            { Encoding.ASCII.GetBytes("MZ"), "is not a RISC-V Linux Image" },
            { [0x7f, .. "ELF"u8, .. new byte[100]], "is an ELF file" },
            { unaligned, "not a multiple of 2 MiB" },
            { Zip(Noise(1000)), "is not a RISC-V Linux Image" },
            { cut[..(cut.Length / 2)], "is not a RISC-V Linux Image" },
            { [0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], "cannot be read" },
        };
    }

    [Theory]
    [MemberData(nameof(BadKernels))]
    public void A_bad_kernel_is_one_line_with_its_path(byte[] content, string part)
    {
        using var memory = new GuestMemory(new MemoryRange(Ram, 8 << 20));
        string path = Put("kernel", content);
        MachineException fault = Assert.Throws<MachineException>(() => new BootLoader(memory, Options(8, path)).Load(_ => []));

        Assert.StartsWith($"machine 'm': kernel {path} ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public void Firmware_is_entered_through_the_reset_vector_with_the_next_stage_behind_it()
    {
        byte[] firmware = Noise(5000);
        byte[] payload = Noise(3000);
        using var memory = new GuestMemory(new MemoryRange(Ram, 8 << 20));
        MachineOptions options = Options(8, Put("payload", payload)) with { Firmware = Put("firmware", firmware) };
        BootEntry entry = new BootLoader(memory, options).Load(_ => [1]);

        Assert.True(entry.MachineMode);
        Assert.Equal(firmware, Read(memory, Ram, firmware.Length));
        Assert.Equal(payload, Read(memory, Ram + 0x20_0000, payload.Length));
        // struct fw_dynamic_info of OpenSBI's fw_dynamic.h, to which the vector points a2: "OSBI", version 2, next stage in S-mode.
        ulong info = entry.Pc + 48;
        ulong[] words = new ulong[6];
        for (int i = 0; i < words.Length; i++)
            Assert.True(memory.TryRead(info + ((ulong)i * 8), out words[i]));
        Assert.Equal([0x4942534f, 2, 0x8020_0000, 1, 0, 0], words);
    }

    [Fact]
    public void Firmware_that_reaches_into_the_next_stage_is_refused()
    {
        using var memory = new GuestMemory(new MemoryRange(Ram, 16 << 20));
        MachineOptions options = Options(16, Put("payload", new byte[10])) with { Firmware = Put("firmware", new byte[(2 << 20) + 1]) };

        Assert.Contains("larger than the 2 MiB", Assert.Throws<MachineException>(() => new BootLoader(memory, options).Load(_ => [])).Message, StringComparison.Ordinal);
    }

    private static byte[] Kernel(ulong imageSize) => GuestProgram.Image(code => GuestProgram.Spin(code), imageSize: imageSize);

    private static byte[] Noise(int length)
    {
        byte[] bytes = new byte[length];
        new Random(TestKit.TestSeed.Seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Zip(byte[] content)
    {
        using var target = new MemoryStream();
        using (var zip = new GZipStream(target, CompressionLevel.Fastest))
            zip.Write(content);
        return target.ToArray();
    }

    private static byte[] Read(GuestMemory memory, ulong address, int length)
    {
        byte[] bytes = new byte[length];
        Assert.True(memory.TryRead(address, bytes));
        return bytes;
    }

    private static MachineOptions Options(int mebibytes, string kernel, string? initrd = null) =>
        new() { Name = "m", MemoryBytes = (long)mebibytes << 20, Kernel = kernel, Initrd = initrd };

    private string Put(string name, byte[] content)
    {
        string path = Path.Combine(_directory.FullName, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
