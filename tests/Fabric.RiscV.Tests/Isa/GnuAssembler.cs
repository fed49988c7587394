using System.Diagnostics;

namespace Fabric.RiscV.Tests.Isa;

/// <summary>The GNU assembler for RISC-V (package binutils-riscv64-unknown-elf), as an outside judge of encodings.</summary>
internal static class GnuAssembler
{
    private const string As = "riscv64-unknown-elf-as";
    private const string Objcopy = "riscv64-unknown-elf-objcopy";

    /// <summary>True when both tools are on the path.</summary>
    public static bool IsInstalled { get; } = OnPath(As) && OnPath(Objcopy);

    /// <summary>True when a program of that name is on the path.</summary>
    public static bool OnPath(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, tool)));

    /// <summary>Assembles a source text to its raw bytes.</summary>
    public static byte[] Assemble(string source)
    {
        string directory = Directory.CreateTempSubdirectory("fabric-as").FullName;
        try
        {
            string text = Path.Combine(directory, "a.s"), element = Path.Combine(directory, "a.o"), raw = Path.Combine(directory, "a.bin");
            File.WriteAllText(text, source);
            Run(As, "-march=rv64gc_zicsr_zifencei", "-mno-relax", "-o", element, text);
            Run(Objcopy, "-O", "binary", "-j", ".text", element, raw);
            return File.ReadAllBytes(raw);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Run(string tool, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardError = true })!;
        string complaint = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{tool}: {complaint}");
    }
}
