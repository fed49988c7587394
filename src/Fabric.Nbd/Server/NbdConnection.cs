using System.IO.Pipelines;
using System.Net.Sockets;
using Fabric.Disk.Engine;

namespace Fabric.Nbd.Server;

/// <summary>One client and its thread: handshake, transmission, end.</summary>
internal sealed class NbdConnection
{
    private readonly NbdSocket _socket;
    private readonly IReadOnlyList<NbdExport> _exports;
    private readonly NbdServerOptions _options;
    private readonly DiskWorkers _workers;
    private readonly NbdCounters _counters;
    private readonly Action<NbdConnection> _ended;
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private Transmission? _transmission;
    private bool _stopping;

    internal NbdConnection(NbdSocket socket, IReadOnlyList<NbdExport> exports, NbdServerOptions options, DiskWorkers workers, NbdCounters counters, Action<NbdConnection> ended)
    {
        _socket = socket;
        _exports = exports;
        _options = options;
        _workers = workers;
        _counters = counters;
        _ended = ended;
        _thread = new Thread(Run) { IsBackground = true, Name = "nbd client" };
    }

    internal void Start() => _thread.Start();

    /// <summary>Answers what the client has asked, and then ends. Any thread; does not wait.</summary>
    internal void Stop()
    {
        lock (_gate)
        {
            _stopping = true;
            _transmission?.Stop();
        }

        _socket.Shutdown(SocketShutdown.Receive);
    }

    /// <summary>Ends without waiting for the client any more.</summary>
    internal void Abort() => _socket.Shutdown(SocketShutdown.Both);

    internal bool Join(TimeSpan patience) => _thread.Join(patience);

    private void Run()
    {
        try
        {
            PipeReader input = PipeReader.Create(new BlockingStream(_socket));
            if (Negotiate(input) is { } chosen)
                Transmit(chosen, input);
        }
        catch (Exception broken) when (broken is NbdProtocolException or IOException)
        {
            _counters.AddBadHandshake();
        }
        finally
        {
            _socket.Shutdown(SocketShutdown.Both);
            _ended(this);
            _socket.Dispose();
        }
    }

    private Negotiated? Negotiate(PipeReader input)
    {
        using ITimer patience = _options.Time.CreateTimer(_ => Abort(), null, _options.HandshakeTimeout, Timeout.InfiniteTimeSpan);
        PipeWriter output = PipeWriter.Create(new BlockingStream(_socket));
        // The stream completes every call at once, so this does not wait for another thread.
        return new Handshake(input, output, _exports).RunAsync().AsTask().GetAwaiter().GetResult();
    }

    private void Transmit(Negotiated chosen, PipeReader input)
    {
        using Transmission transmission = new(_socket, chosen, _workers, _counters);
        if (input.TryRead(out ReadResult early))
        {
            transmission.TakeEarly(early.Buffer);
            input.AdvanceTo(early.Buffer.End);
        }

        lock (_gate)
        {
            _transmission = transmission;
            if (_stopping)
                transmission.Stop();
        }

        transmission.Run();
        if (!transmission.HasDisconnected && !_stopping)
            _counters.AddLostClient();
    }
}
