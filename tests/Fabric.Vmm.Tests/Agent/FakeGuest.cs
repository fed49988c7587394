using System.Buffers.Binary;
using System.IO.Pipelines;

namespace Fabric.Vmm.Tests.Agent;

/// <summary>The guest's end of the agent's port, with framing of its own, written from the protocol's description.</summary>
internal sealed class FakeGuest : IDisposable
{
    private readonly Pipe _toHost = new();
    private readonly Pipe _toGuest = new(new PipeOptions(pauseWriterThreshold: 0));
    private readonly Stream _in;

    internal FakeGuest()
    {
        _in = _toGuest.Reader.AsStream();
        HostEnd = new Duplex(_toHost.Reader.AsStream(), _toGuest.Writer.AsStream());
    }

    internal Stream HostEnd { get; }

    /// <summary>Announces itself, and answers the host's greeting.</summary>
    internal async Task GreetAsync(uint version = 1)
    {
        await SendAsync(0x81, 0, [.. Number(version), .. new byte[8], 1, 2, 3, 4, 5, 6, 7, 8]);
        (byte type, _, byte[] payload) = await ReceiveAsync();
        Assert.Equal(0x01, type);
        await SendAsync(0x81, 0, [.. Number(1), .. payload.AsSpan(4, 8), 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    internal async Task SendAsync(byte type, uint id, byte[] payload)
    {
        byte[] body = [type, .. Number(id), .. payload];
        body = [.. body, .. Number((uint)body.Sum(octet => (long)octet))];
        await SendRawAsync([0x7e, .. body.SelectMany(octet => octet is 0x7d or 0x7e ? new byte[] { 0x7d, (byte)(octet ^ 0x20) } : [octet]), 0x7e]);
    }

    internal async Task SendRawAsync(byte[] bytes)
    {
        await _toHost.Writer.WriteAsync(bytes);
        await _toHost.Writer.FlushAsync();
    }

    internal async Task<(byte Type, uint Id, byte[] Payload)> ReceiveAsync()
    {
        List<byte> body = [];
        bool escaped = false;
        byte[] one = new byte[1];
        while (true)
        {
            Assert.Equal(1, await _in.ReadAsync(one));
            if (one[0] == 0x7e && body.Count == 0)
                continue;
            if (one[0] == 0x7e)
                break;
            if (one[0] == 0x7d)
                escaped = true;
            else
            {
                body.Add(escaped ? (byte)(one[0] ^ 0x20) : one[0]);
                escaped = false;
            }
        }

        byte[] frame = [.. body];
        Assert.Equal((uint)frame[..^4].Sum(octet => (long)octet), BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(frame.Length - 4)));
        return (frame[0], BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(1)), frame[5..^4]);
    }

    /// <summary>The next frame that is not about windows.</summary>
    internal async Task<(byte Type, uint Id, byte[] Payload)> ReceiveRequestAsync()
    {
        while (true)
        {
            (byte type, uint id, byte[] payload) = await ReceiveAsync();
            if (type != 0x09)
                return (type, id, payload);
        }
    }

    internal static byte[] Number(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    internal void Close() => _toHost.Writer.Complete();

    public void Dispose()
    {
        _toHost.Writer.Complete();
        _toGuest.Reader.Complete();
    }

    private sealed class Duplex(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => output.Flush();
        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);
        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
