using System.Buffers.Binary;

namespace Fabric.Interop.Tests.Peers;

/// <summary>Wireshark on the command line: tells what it reads in frames.</summary>
internal static class Tshark
{
    /// <summary>What is wrong with a packet, as Wireshark's filter: malformed, or a checksum whose status is 0, "Bad". A TCP checksum of 0xFFFF
    /// is right where 0 would be, the same number in ones' complement, but Wireshark calls it bad: Linux writes it for one packet of 65,536
    /// of those whose checksums it makes itself.</summary>
    public const string Unsound = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || (tcp.checksum.status == 0 && tcp.checksum != 0xffff) || icmp.checksum.status == 0 || icmpv6.checksum.status == 0";

    /// <summary>Reads one frame.</summary>
    /// <param name="frame">From the destination address on.</param>
    /// <param name="fields">Names of fields, as display filters know them.</param>
    /// <returns>Their values. The last one, beyond those asked for, is what it finds malformed or otherwise wrong: empty for nothing.</returns>
    public static string[] Read(ReadOnlySpan<byte> frame, params string[] fields) => ReadAll([frame.ToArray()], fields)[0];

    /// <summary>Reads frames, a line for each.</summary>
    /// <param name="frames">From the destination address on.</param>
    /// <param name="fields">Names of fields; several values of one are separated by commas.</param>
    public static string[][] ReadAll(IReadOnlyList<byte[]> frames, params string[] fields)
    {
        HostTool.Need("tshark", "tshark");
        string file = Path.GetTempFileName();
        try
        {
            // A pcap file, in the host's byte order: the header of version 2.4 for Ethernet, and records at no time.
            using (FileStream stream = File.OpenWrite(file))
            {
                Write(stream, 0xA1B2C3D4, 2 | (4 << 16), 0, 0, 65535, 1);
                foreach (byte[] frame in frames)
                {
                    Write(stream, 0, 0, (uint)frame.Length, (uint)frame.Length);
                    stream.Write(frame);
                }
            }

            string[] command = ["tshark", "-r", file, "-T", "fields", "-E", "separator=;", .. fields.SelectMany(field => (string[])["-e", field]), "-e", "_ws.expert.message"];
            return [.. HostTool.ExpectOutput(command).TrimEnd('\n').Split('\n').Select(line => line.Split(';'))];
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Write(FileStream stream, params uint[] words)
    {
        byte[] bytes = new byte[4 * words.Length];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), words[i]);
        stream.Write(bytes);
    }
}
