using System.Buffers.Binary;

namespace Fabric.Vmm.Boot;

/// <summary>The first 64 bytes of a RISC-V Linux Image (Linux, Documentation/arch/riscv/boot-image-header.rst).</summary>
/// <param name="TextOffset">Where the kernel asks to be, in bytes from the start of RAM.</param>
/// <param name="ImageSize">Bytes it occupies in memory, BSS included; 0 when the header does not tell.</param>
internal readonly record struct KernelHeader(ulong TextOffset, ulong ImageSize)
{
    internal const int Bytes = 64;
    private const ulong Alignment = 0x20_0000;

    /// <summary>Reads a header.</summary>
    /// <param name="image">Start of the file.</param>
    /// <param name="header">The header.</param>
    /// <param name="fault">What is wrong when the answer is false.</param>
    internal static bool TryRead(ReadOnlySpan<byte> image, out KernelHeader header, out string fault)
    {
        header = default;
        if (image.Length < Bytes || !image.Slice(0x38, 4).SequenceEqual("RSC\x05"u8))
        {
            fault = image.StartsWith("\x7f"u8 + "ELF"u8)
                ? "is an ELF file, not a RISC-V Linux Image: give the kernel's arch/riscv/boot/Image"
                : "is not a RISC-V Linux Image (no \"RSC\\x05\" at offset 0x38): give the kernel's arch/riscv/boot/Image";
            return false;
        }

        header = new KernelHeader(BinaryPrimitives.ReadUInt64LittleEndian(image[8..]), BinaryPrimitives.ReadUInt64LittleEndian(image[0x10..]));
        fault = $"asks to be loaded at RAM offset 0x{header.TextOffset:x}, which is not a multiple of 2 MiB";
        return header.TextOffset % Alignment == 0;
    }
}
