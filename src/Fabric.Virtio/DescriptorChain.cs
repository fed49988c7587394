namespace Fabric.Virtio;

/// <summary>A descriptor chain that was walked and checked: what the driver lets the device read, then what it lets it write
/// (virtio 1.2, section 2.7.4). Valid until its queue's next burst begins, or its queue's <see cref="SplitQueue.Gate"/> is let go.</summary>
public ref struct DescriptorChain
{
    internal DescriptorChain(ushort head, Span<QueueBuffer> readable, Span<QueueBuffer> writable, long readableLength, long writableLength)
    {
        Head = head;
        Readable = readable;
        Writable = writable;
        ReadableLength = readableLength;
        WritableLength = writableLength;
    }

    /// <summary>Index of the first descriptor: what the used ring wants back.</summary>
    public ushort Head { get; }

    /// <summary>Device-readable buffers not taken yet, in order.</summary>
    public Span<QueueBuffer> Readable { get; private set; }

    /// <summary>Device-writable buffers not taken yet, in order.</summary>
    public Span<QueueBuffer> Writable { get; private set; }

    /// <summary>Bytes in <see cref="Readable"/>.</summary>
    public long ReadableLength { get; private set; }

    /// <summary>Bytes in <see cref="Writable"/>.</summary>
    public long WritableLength { get; private set; }

    /// <summary>Copies a header out of the front of the readable part, however the driver has cut it up (section 2.7.4.3), and
    /// removes it from there.</summary>
    /// <param name="header">Filled completely.</param>
    /// <returns>False, with nothing removed, when the readable part is shorter.</returns>
    public bool TryTakeReadable(scoped Span<byte> header)
    {
        if (ReadableLength < header.Length)
            return false;
        ReadableLength -= header.Length;
        while (header.Length > 0)
        {
            int count = Math.Min(header.Length, Readable[0].Length);
            Readable[0].Span[..count].CopyTo(header);
            header = header[count..];
            Readable = DropFront(Readable, count);
        }

        return true;
    }

    /// <summary>Removes the last byte of the writable part, where a status belongs.</summary>
    /// <param name="status">The byte.</param>
    /// <returns>False when there is no writable byte.</returns>
    public bool TryTakeLastWritable(out Span<byte> status)
    {
        status = default;
        if (WritableLength == 0)
            return false;
        ref QueueBuffer last = ref Writable[^1];
        status = last.Span[^1..];
        last = new QueueBuffer(last.Address, last.Length - 1);
        WritableLength--;
        if (last.Length == 0)
            Writable = Writable[..^1];
        return true;
    }

    /// <summary>Writes to the front of the writable part and removes what was written from there.</summary>
    /// <param name="source">The bytes.</param>
    /// <returns>Number of bytes that found room.</returns>
    public int Write(scoped ReadOnlySpan<byte> source)
    {
        int written = 0;
        while (written < source.Length && Writable.Length > 0)
        {
            int count = Math.Min(source.Length - written, Writable[0].Length);
            source.Slice(written, count).CopyTo(Writable[0].Span);
            written += count;
            Writable = DropFront(Writable, count);
        }

        WritableLength -= written;
        return written;
    }

    private static Span<QueueBuffer> DropFront(Span<QueueBuffer> buffers, int count)
    {
        buffers[0] = buffers[0].Skip(count);
        return buffers[0].Length == 0 ? buffers[1..] : buffers;
    }
}
