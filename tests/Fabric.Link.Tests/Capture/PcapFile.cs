using System.Buffers.Binary;

namespace Fabric.Link.Tests.Capture;

/// <summary>Classic capture files (pcap), written octet by octet; a frame's number is its time stamp in microseconds.</summary>
internal static class PcapFile
{
    public static void Write(string path, IReadOnlyList<SampleFrame> frames)
    {
        using FileStream file = File.Create(path);
        Span<byte> head = stackalloc byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(head, 0xA1B2C3D4);
        BinaryPrimitives.WriteUInt16LittleEndian(head[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(head[6..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(head[16..], 262144);
        BinaryPrimitives.WriteUInt32LittleEndian(head[20..], 1);
        file.Write(head);
        Span<byte> record = stackalloc byte[16];
        for (int i = 0; i < frames.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(record, (uint)(1 + (i / 1_000_000)));
            BinaryPrimitives.WriteUInt32LittleEndian(record[4..], (uint)(i % 1_000_000));
            BinaryPrimitives.WriteUInt32LittleEndian(record[8..], (uint)frames[i].Bytes.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(record[12..], (uint)frames[i].Length);
            file.Write(record);
            file.Write(frames[i].Bytes);
        }
    }

    /// <summary>The numbers of the frames in a file.</summary>
    public static List<int> ReadNumbers(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        List<int> numbers = [];
        for (int position = 24; position < file.Length;)
        {
            ReadOnlySpan<byte> record = file.AsSpan(position);
            numbers.Add(((BinaryPrimitives.ReadInt32LittleEndian(record) - 1) * 1_000_000) + BinaryPrimitives.ReadInt32LittleEndian(record[4..]));
            position += 16 + BinaryPrimitives.ReadInt32LittleEndian(record[8..]);
        }

        return numbers;
    }
}
