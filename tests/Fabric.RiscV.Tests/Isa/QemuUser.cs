using System.Buffers.Binary;
using System.Diagnostics;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>qemu-riscv64, QEMU's user-mode emulator (package qemu-user), as an outside judge of whole programs.</summary>
internal static class QemuUser
{
    private const string Program = "qemu-riscv64";
    private const int HeaderSize = 64 + 2 * 56;
    private const int CodeOffset = 0x1000;

    public static bool IsInstalled { get; } = GnuAssembler.OnPath(Program);

    /// <summary>Runs a static program and returns what it writes to its standard output.</summary>
    public static byte[] Run(ulong codeBase, ReadOnlySpan<byte> code, ulong dataBase, ulong dataSize)
    {
        string path = Path.Combine(Path.GetTempPath(), $"fabric-isa-{Guid.NewGuid():N}");
        try
        {
            using (FileStream file = File.Create(path))
            {
                file.Write(Header(codeBase, (ulong)code.Length, dataBase, dataSize));
                file.Position = CodeOffset;
                file.Write(code);
            }
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            using Process process = Process.Start(new ProcessStartInfo(Program, path) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            using var output = new MemoryStream();
            process.StandardOutput.BaseStream.CopyTo(output);
            string complaint = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, $"{Program} exits with {process.ExitCode}: {complaint}");
            return output.ToArray();
        }
        finally
        {
            File.Delete(path);
        }
    }

    // The least that is an ELF executable: a file header and two loadable segments (ELF-64, version 1; machine 243).
    private static byte[] Header(ulong codeBase, ulong codeSize, ulong dataBase, ulong dataSize)
    {
        byte[] header = new byte[HeaderSize];
        ReadOnlySpan<byte> identity = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identity.CopyTo(header);
        Put16(header, 16, 2);
        Put16(header, 18, 243);
        Put32(header, 20, 1);
        Put64(header, 24, codeBase);
        Put64(header, 32, 64);
        // Compressed code, double-float calling convention.
        Put32(header, 48, 5);
        Put16(header, 52, 64);
        Put16(header, 54, 56);
        Put16(header, 56, 2);
        Put16(header, 58, 64);
        Segment(header.AsSpan(64), CodeOffset, codeBase, codeSize, codeSize);
        Segment(header.AsSpan(64 + 56), CodeOffset, dataBase, 0, dataSize);
        return header;
    }

    private static void Segment(Span<byte> at, ulong offset, ulong address, ulong fileSize, ulong memorySize)
    {
        const uint load = 1, readWriteExecute = 7;
        Put32(at, 0, load);
        Put32(at, 4, readWriteExecute);
        Put64(at, 8, offset);
        Put64(at, 16, address);
        Put64(at, 24, address);
        Put64(at, 32, fileSize);
        Put64(at, 40, memorySize);
        Put64(at, 48, 0x1000);
    }

    private static void Put16(Span<byte> at, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(at[offset..], value);

    private static void Put32(Span<byte> at, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(at[offset..], value);

    private static void Put64(Span<byte> at, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(at[offset..], value);
}
