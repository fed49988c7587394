using System.Text;

namespace Fabric.Cli;

/// <summary>The name the program was called by: a link named qemu-img makes it one.</summary>
internal static class CalledAs
{
    /// <summary>The last part of the name in the command line.</summary>
    /// <remarks>The base library tells the program's real name only, links resolved.</remarks>
    public static string Name()
    {
        byte[] line = File.ReadAllBytes("/proc/self/cmdline");
        int end = Array.IndexOf(line, (byte)0);
        return Path.GetFileName(Encoding.UTF8.GetString(line, 0, Math.Max(0, end)));
    }

    /// <summary>What the arguments of qemu-img are for the program itself.</summary>
    public static IReadOnlyList<string> QemuImgArguments(IReadOnlyList<string> args) => ["disk", .. args];
}
