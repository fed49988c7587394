using System.Net;
using System.Net.Sockets;

namespace Fabric.Link.Streams;

/// <summary>A port whose other end is a process at a stream socket: a guest of QEMU (<c>-netdev stream</c>, <c>-netdev socket</c>),
/// another switch. Frames travel finished, each behind its length in four bytes, big endian.</summary>
/// <remarks>
/// <para>One peer at a time. A listening port takes the next one when the present one has gone (further ones wait); a connecting port
/// tries again every <see cref="RetryPeriod"/>. The port is up while a peer is there.</para>
/// <para>A peer that announces a frame of more than <see cref="Frame.MaxLength"/> bytes is cut off and counted as
/// <see cref="DropReason.Oversized"/>.</para>
/// </remarks>
public sealed class StreamPort : IPort
{
    /// <summary>Pause between two attempts to connect.</summary>
    public static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _transmit = new();
    private readonly PinnedBlocks _blocks = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly EndPoint _endPoint;
    private readonly Socket? _listener;
    private readonly TimeProvider _time;
    private readonly Task _life;
    private StreamConnection? _connection;
    private StreamConnection? _open;
    private ILinkWatcher? _watcher;
    private IWaker? _waker;

    private StreamPort(string name, EndPoint endPoint, Socket? listener, TimeProvider time)
    {
        Name = name;
        _endPoint = endPoint;
        _listener = listener;
        _time = time;
        _life = Task.Run(LiveAsync);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public FrameOffloads Accepts => FrameOffloads.None;

    /// <inheritdoc/>
    public PortCounters Counters { get; } = new();

    /// <inheritdoc/>
    public bool IsUp => Volatile.Read(ref _open) is not null;

    /// <summary>Where it listens, with the port number that the host chose for 0; null for a connecting port.</summary>
    public EndPoint? Listening => _listener?.LocalEndPoint;

    /// <summary>Makes a port that waits for its peer.</summary>
    /// <param name="name">Name in the topology.</param>
    /// <param name="endPoint">Unix path or TCP address. The socket file that a dead process left is replaced.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="LinkException">The address is taken, or the host refuses it.</exception>
    public static StreamPort Listen(string name, EndPoint endPoint, TimeProvider time) =>
        new(name, endPoint, SocketFile.Listen(endPoint), time);

    /// <summary>Makes a port that connects to its peer, now and whenever the connection was lost.</summary>
    /// <param name="name">Name in the topology.</param>
    /// <param name="endPoint">Unix path or TCP address.</param>
    /// <param name="time">Clock for the pauses between attempts.</param>
    public static StreamPort Connect(string name, EndPoint endPoint, TimeProvider time) => new(name, endPoint, null, time);

    /// <inheritdoc/>
    public int Receive(IFrameSink sink) => Volatile.Read(ref _connection)?.Receive(this, sink) ?? 0;

    /// <inheritdoc/>
    public int Transmit(ReadOnlySpan<Frame> frames)
    {
        lock (_transmit)
        {
            if (_open is not { } open)
            {
                Counters.AddTransmitDrops(DropReason.LinkDown, frames.Length);
                return 0;
            }

            int delivered = 0;
            long bytes = 0;
            foreach (ref readonly Frame frame in frames)
            {
                if (Refuse(open, in frame) is { } reason)
                {
                    Counters.AddTransmitDrops(reason);
                    continue;
                }

                delivered++;
                bytes += frame.Length;
            }

            open.Send();
            Counters.AddTransmitted(delivered, bytes);
            return delivered;
        }
    }

    /// <inheritdoc/>
    public void AttachWaker(IWaker waker) => Volatile.Write(ref _waker, waker);

    /// <inheritdoc/>
    public void AttachLinkWatcher(ILinkWatcher? watcher) => Volatile.Write(ref _watcher, watcher);

    /// <inheritdoc/>
    // Without a connection there is nothing to wait for: a new one always wakes.
    public bool TryArm() => Volatile.Read(ref _connection)?.TryArm() ?? true;

    /// <summary>Cuts the connection and removes the socket file.</summary>
    public void Dispose()
    {
        if (_ending.IsCancellationRequested)
            return;
        _ending.Cancel();
        Volatile.Read(ref _connection)?.Abandon();
        _life.GetAwaiter().GetResult();
        _listener?.Dispose();
        if (_listener is not null)
            SocketFile.Remove(_endPoint);
        _blocks.Dispose();
        _ending.Dispose();
    }

    private static DropReason? Refuse(StreamConnection open, in Frame frame)
    {
        if (frame.Length is <= 0 or > Frame.MaxLength)
            return frame.Length <= 0 ? DropReason.Truncated : DropReason.Oversized;
        if (!frame.Offload.IsCarriedBy(FrameOffloads.None))
            return DropReason.UnsupportedOffload;
        return open.TryQueue(in frame) ? null : DropReason.NoBuffer;
    }

    private async Task LiveAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            if (await NextPeerAsync().ConfigureAwait(false) is not { } socket)
                continue;
            using StreamConnection connection = new(socket, _blocks);
            using CancellationTokenRegistration ending = _ending.Token.Register(connection.Dispose);
            Open(connection);
            await connection.RunAsync().ConfigureAwait(false);
            Close(connection);
            await connection.Drained.WaitAsync(_ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Volatile.Write(ref _connection, null);
            if (_ending.IsCancellationRequested)
                connection.Abandon();
        }
    }

    private void Open(StreamConnection connection)
    {
        connection.AttachWaker(Wake);
        Volatile.Write(ref _connection, connection);
        lock (_transmit)
            _open = connection;
        Wake();
        Volatile.Read(ref _watcher)?.LinkChanged(this, true);
    }

    private void Close(StreamConnection connection)
    {
        lock (_transmit)
        {
            _open = null;
            connection.CloseQueue();
        }

        Wake();
        Volatile.Read(ref _watcher)?.LinkChanged(this, false);
    }

    private void Wake() => Volatile.Read(ref _waker)?.Wake();

    private async Task<Socket?> NextPeerAsync()
    {
        Socket? socket = null;
        try
        {
            if (_listener is not null)
            {
                socket = await _listener.AcceptAsync(_ending.Token).ConfigureAwait(false);
            }
            else
            {
                socket = SocketFile.Create(_endPoint);
                await socket.ConnectAsync(_endPoint, _ending.Token).ConfigureAwait(false);
            }

            if (_endPoint is IPEndPoint)
                socket.NoDelay = true;
            return socket;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket?.Dispose();
            await Task.Delay(RetryPeriod, _time, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return null;
        }
    }
}
