namespace Fabric.Virtio;

/// <summary>The host's side of a console port. Reading waits for bytes from the guest; writing waits for room. One reader and one
/// writer at a time. Disposing it changes nothing: the port stays, and the next user goes on reading where the last one stopped.</summary>
/// <param name="fromGuest">Bytes the guest wrote.</param>
/// <param name="toGuest">Bytes for the guest.</param>
/// <param name="wake">Makes the device look at both.</param>
internal sealed class ConsoleStream(ByteQueue fromGuest, ByteQueue toGuest, Action wake) : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0)
            return 0;
        while (true)
        {
            bool last = fromGuest.IsCompleted;
            int count = fromGuest.Read(buffer.Span);
            if (count > 0)
                wake();
            if (count > 0 || last)
                return count;
            await fromGuest.WaitForData().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0)
        {
            if (toGuest.IsCompleted)
                throw new IOException("The console device is gone: its machine was stopped.");
            int count = toGuest.Write(buffer.Span);
            if (count > 0)
                wake();
            buffer = buffer[count..];
            if (buffer.Length > 0)
                await toGuest.WaitForRoom().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
