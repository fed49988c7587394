using System.Text;

namespace Fabric.Images.Build;

/// <summary>Finds out what a busybox can do without running it, which would take a machine of its architecture.</summary>
internal static class Busybox
{
    /// <summary>Names of its commands: a sorted table of strings that begins with <c>[</c> and <c>[[</c>.</summary>
    /// <exception cref="ImageException">There is no such table.</exception>
    public static IReadOnlyList<string> Applets(ReadOnlySpan<byte> binary)
    {
        int at = binary.IndexOf("[\0[[\0"u8);
        List<string> names = [];
        while (at >= 0 && binary[at..].IndexOf((byte)0) is > 0 and int length)
        {
            string name = Encoding.Latin1.GetString(binary.Slice(at, length));
            // The order ends with the table; what follows in the binary is something else.
            if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c is '[' or '_' or '-' or '.') || (names.Count > 0 && string.CompareOrdinal(names[^1], name) >= 0))
                break;
            names.Add(name);
            at += length + 1;
        }

        return names.Contains("mount") && names.Contains("init") ? names : throw new ImageException("busybox-static is not built as expected: its table of commands was not found");
    }
}
