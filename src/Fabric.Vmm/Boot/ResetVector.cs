using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Fabric.Vmm.Boot;

/// <summary>The code that each hart runs first when a firmware is given: a0 = hart id, a1 = device tree, a2 = the structure by which
/// OpenSBI's fw_dynamic learns of the next stage; then on to the firmware. Firmwares of other kinds ignore a2.</summary>
internal static class ResetVector
{
    internal const int Bytes = 96;
    private const int DynamicInfoAt = 48;
    private const ulong DynamicInfoMagic = 0x4942534f;
    private const ulong DynamicInfoVersion = 2;
    private const ulong NextModeSupervisor = 1;

    /// <summary>Builds the code and its data, position-independent.</summary>
    /// <param name="firmware">Where the firmware begins.</param>
    /// <param name="deviceTree">Where the device tree is.</param>
    /// <param name="nextStage">Where the firmware's next stage begins.</param>
    internal static byte[] Build(ulong firmware, ulong deviceTree, ulong nextStage)
    {
        ReadOnlySpan<uint> code =
        [
            0x00000297, // auipc t0, 0
            0x03028613, // addi a2, t0, 48
            0xf1402573, // csrr a0, mhartid
            0x0202b583, // ld a1, 32(t0)
            0x0182b283, // ld t0, 24(t0)
            0x00028067, // jr t0
        ];
        // struct fw_dynamic_info: magic, version, next_addr, next_mode, options, boot_hart.
        ReadOnlySpan<ulong> info = [DynamicInfoMagic, DynamicInfoVersion, nextStage, NextModeSupervisor, 0, 0];
        byte[] vector = new byte[Bytes];
        MemoryMarshal.AsBytes(code).CopyTo(vector);
        BinaryPrimitives.WriteUInt64LittleEndian(vector.AsSpan(24), firmware);
        BinaryPrimitives.WriteUInt64LittleEndian(vector.AsSpan(32), deviceTree);
        MemoryMarshal.AsBytes(info).CopyTo(vector.AsSpan(DynamicInfoAt));
        return vector;
    }
}
