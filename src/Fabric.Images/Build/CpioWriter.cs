using System.Globalization;
using System.Text;

namespace Fabric.Images.Build;

/// <summary>Writes a tree as a "newc" cpio archive, the form of an initramfs (Linux, early-userspace/buffer-format): a header of thirteen
/// eight-digit hexadecimal fields after the magic 070701, name and content each padded to four bytes.</summary>
/// <remarks>It stays uncompressed: a guest takes some ten instructions for each byte that it must unpack.</remarks>
internal static class CpioWriter
{
    private const uint CharacterDevice = 0x2000;
    private const int Block = 512;

    /// <summary>Writes the tree and a /dev/console for the first process, all owned by root and dated zero.</summary>
    public static void Write(FileTree tree, Stream output)
    {
        uint inode = 1;
        long length = 0;
        foreach ((string path, FileTree.Entry entry) in tree.Entries)
        {
            byte[] content = entry.Content ?? (entry.Target is null ? [] : Encoding.UTF8.GetBytes(entry.Target));
            length += WriteEntry(output, inode++, path, entry.Mode, content, entry.IsDirectory ? 2u : 1u, 0, 0);
        }

        length += WriteEntry(output, inode, "dev/console", CharacterDevice | 0x180, [], 1, 5, 1);
        length += WriteEntry(output, 0, "TRAILER!!!", 0, [], 1, 0, 0);
        Pad(output, length, Block);
    }

    private static long WriteEntry(Stream output, uint inode, string path, uint mode, byte[] content, uint links, uint major, uint minor)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + '\0');
        uint[] fields = [inode, mode, 0, 0, links, 0, (uint)content.Length, 0, 0, major, minor, (uint)name.Length, 0];
        string header = "070701" + string.Concat(fields.Select(f => f.ToString("x8", CultureInfo.InvariantCulture)));
        output.Write(Encoding.ASCII.GetBytes(header));
        output.Write(name);
        long length = header.Length + name.Length;
        length += Pad(output, length, 4);
        output.Write(content);
        length += content.Length;
        return length + Pad(output, length, 4);
    }

    private static int Pad(Stream output, long length, int unit)
    {
        int count = (int)((unit - (length % unit)) % unit);
        output.Write(new byte[count]);
        return count;
    }
}
