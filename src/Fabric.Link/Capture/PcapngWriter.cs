using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Fabric.Link.Capture;

/// <summary>Writes a capture file block by block (draft-ietf-opsawg-pcapng): one section, little-endian, Ethernet, stamps in nanoseconds
/// since 1970.</summary>
/// <remarks>The file is valid after each call. Allocates only where there is text. One thread at a time.</remarks>
/// <param name="output">Takes the bytes.</param>
public sealed class PcapngWriter(IBufferWriter<byte> output)
{
    /// <summary>Longest string written, in UTF-8 bytes; longer ones are cut.</summary>
    public const int MaxText = 1024;

    // Room for the longest frame and all options a block can have here.
    private readonly byte[] _block = new byte[Frame.MaxLength + (8 * MaxText)];
    private int _length;

    /// <summary>Bytes written so far.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>Writes the section header (4.1), with which a file begins.</summary>
    public void WriteSection()
    {
        Begin(PcapngBlock.Section);
        Put32(PcapngBlock.ByteOrderMagic);
        Put16(1);
        Put16(0);
        Put64(ulong.MaxValue);
        PutText(PcapngOption.Application, "fabric");
        End();
    }

    /// <summary>Writes an interface description (4.2). The first describes interface 0, the next 1, and so on.</summary>
    /// <param name="name">if_name: the port's.</param>
    /// <param name="snapLength">Most bytes kept of a frame.</param>
    /// <param name="filter">if_filter: the expression, or null.</param>
    /// <param name="description">if_description, or null.</param>
    public void WriteInterface(string name, int snapLength, string? filter, string? description = null)
    {
        Begin(PcapngBlock.Interface);
        Put16(PcapngBlock.EthernetLink);
        Put16(0);
        Put32((uint)snapLength);
        PutText(PcapngOption.InterfaceName, name);
        if (description is not null)
            PutText(PcapngOption.InterfaceDescription, description);
        PutOption(PcapngOption.TimeResolution, [9]);
        // The leading zero says: an expression, not byte code.
        if (!string.IsNullOrEmpty(filter))
            PutText(PcapngOption.InterfaceFilter, "\0" + filter);
        End();
    }

    /// <summary>Writes a frame (enhanced packet block, 4.3).</summary>
    /// <param name="id">Number of its interface.</param>
    /// <param name="stamp">Nanoseconds since 1970.</param>
    /// <param name="frame">What was kept of it.</param>
    /// <param name="length">Length of the whole frame in bytes.</param>
    /// <param name="direction">epb_flags: received is inbound.</param>
    /// <param name="lost">epb_dropcount: frames of this interface lost since its last one.</param>
    /// <param name="comment">opt_comment, or null.</param>
    public void WriteFrame(int id, long stamp, ReadOnlySpan<byte> frame, int length, FrameDirection direction, long lost, string? comment)
    {
        Begin(PcapngBlock.EnhancedPacket);
        Put32((uint)id);
        PutStamp(stamp);
        Put32((uint)frame.Length);
        Put32((uint)length);
        PutBytes(frame);
        Span<byte> number = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(number, direction == FrameDirection.Received ? PcapngBlock.Inbound : PcapngBlock.Outbound);
        PutOption(PcapngOption.PacketFlags, number[..4]);
        if (lost != 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, lost);
            PutOption(PcapngOption.PacketDropCount, number);
        }

        if (comment is not null)
            PutText(PcapngOption.Comment, comment);
        End();
    }

    /// <summary>Writes what an interface has seen so far (interface statistics block, 4.6).</summary>
    /// <param name="id">Number of the interface.</param>
    /// <param name="statistics">The numbers.</param>
    public void WriteStatistics(int id, in CaptureStatistics statistics)
    {
        Begin(PcapngBlock.Statistics);
        Put32((uint)id);
        PutStamp(statistics.End);
        PutStampOption(PcapngOption.StartTime, statistics.Start);
        PutStampOption(PcapngOption.EndTime, statistics.End);
        PutNumber(PcapngOption.Received, statistics.Seen);
        PutNumber(PcapngOption.Dropped, statistics.Lost);
        PutNumber(PcapngOption.FilterAccepted, statistics.Chosen);
        End();
    }

    private void Begin(uint type)
    {
        _length = 0;
        Put32(type);
        Put32(0);
    }

    private void End()
    {
        // End of options, then the length once more, so that readers can go backwards.
        Put32(0);
        Put32((uint)_length + 4);
        BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(4), (uint)_length);
        output.Write(_block.AsSpan(0, _length));
        BytesWritten += _length;
    }

    private void Put16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_block.AsSpan(_length), value);
        _length += 2;
    }

    private void Put32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(_length), value);
        _length += 4;
    }

    private void Put64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_block.AsSpan(_length), value);
        _length += 8;
    }

    /// <summary>A stamp is two words, the higher one first, in either byte order.</summary>
    private void PutStamp(long stamp)
    {
        Put32((uint)(stamp >> 32));
        Put32((uint)stamp);
    }

    private void PutBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_block.AsSpan(_length));
        _length += bytes.Length;
        for (; (_length & 3) != 0; _length++)
            _block[_length] = 0;
    }

    private void PutOption(ushort code, ReadOnlySpan<byte> value)
    {
        Put16(code);
        Put16((ushort)value.Length);
        PutBytes(value);
    }

    private void PutText(ushort code, string text)
    {
        Span<byte> bytes = stackalloc byte[MaxText];
        Encoding.UTF8.GetEncoder().Convert(text, bytes, flush: true, out _, out int length, out _);
        PutOption(code, bytes[..length]);
    }

    private void PutNumber(ushort code, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        PutOption(code, bytes);
    }

    private void PutStampOption(ushort code, long stamp)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)(stamp >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], (uint)stamp);
        PutOption(code, bytes);
    }
}
