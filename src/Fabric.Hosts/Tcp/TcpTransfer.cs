namespace Fabric.Hosts.Tcp;

/// <summary>Sends bytes that a seed determines to an echo port and compares what comes back, byte by byte.</summary>
internal sealed class TcpTransfer(HostStack stack, long total, int seed) : TcpApplication
{
    private const int Chunk = 4096;
    private readonly TaskCompletionSource<TcpTransferResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _chunk = new byte[Chunk];
    private readonly Random _written = new(seed);
    private readonly Random _expected = new(seed);
    private readonly byte[] _expectation = new byte[Chunk];
    private readonly long _started = stack.Now;
    private int _chunkAt = Chunk;
    private int _expectationAt = Chunk;
    private long _sent;
    private long _returned;
    private string? _difference;

    internal Task<TcpTransferResult> Done => _done.Task;

    internal override int Room(TcpConnection connection) => ushort.MaxValue;

    internal override void Connected(TcpConnection connection) => Fill(connection);

    internal override void Acknowledged(TcpConnection connection) => Fill(connection);

    internal override void Data(TcpConnection connection, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty && _difference is null)
        {
            if (_expectationAt == Chunk)
            {
                _expected.NextBytes(_expectation);
                _expectationAt = 0;
            }

            int length = Math.Min(data.Length, Chunk - _expectationAt);
            int same = data[..length].CommonPrefixLength(_expectation.AsSpan(_expectationAt, length));
            _returned += same;
            _expectationAt += same;
            data = data[same..];
            if (same < length || _returned > total)
                _difference = $"byte {_returned} came back changed";
        }
    }

    internal override void Closed(TcpConnection connection, string? error)
    {
        error ??= _difference ?? (_returned == total ? null : $"the other side ended after {_returned} of {total} bytes");
        _done.TrySetResult(new TcpTransferResult(_sent, _returned, Nanoseconds.ToTimeSpan(stack.Now - _started), connection.Retransmissions, error));
    }

    /// <summary>The connection could not even be asked for.</summary>
    internal void Fail(string error) => _done.TrySetResult(new TcpTransferResult(0, 0, TimeSpan.Zero, 0, error));

    private void Fill(TcpConnection connection)
    {
        while (_sent < total && connection.SendRoom > 0)
        {
            if (_chunkAt == Chunk)
            {
                _written.NextBytes(_chunk);
                _chunkAt = 0;
            }

            int length = (int)Math.Min(Math.Min(Chunk - _chunkAt, connection.SendRoom), total - _sent);
            connection.Write(_chunk.AsSpan(_chunkAt, length));
            _chunkAt += length;
            _sent += length;
        }

        if (_sent == total)
            connection.Finish();
    }
}
