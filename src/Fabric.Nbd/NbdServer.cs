using System.Net;
using System.Net.Sockets;
using Fabric.Disk;
using Fabric.Disk.Engine;
using Fabric.Nbd.Server;

namespace Fabric.Nbd;

/// <summary>Serves disks to NBD clients over a unix socket or TCP (NetworkBlockDevice/nbd, doc/proto.md).</summary>
/// <remarks>
/// <para><b>A client's life.</b> It connects and gets a thread of its own (<see cref="NbdConnection"/>). In the handshake
/// (<see cref="Handshake"/>) it learns which exports there are, negotiates structured replies and base:allocation, and chooses an
/// export. In the transmission phase (<see cref="Transmission"/>) it sends requests with cookies and gets replies in any order, until it
/// asks to disconnect, vanishes, or the server stops. Any number of clients may use one export; what one wrote and got answered, all
/// others see, and a flush by any covers it.</para>
/// <para><b>Trust.</b> A client can harm only its own connection: every length it names is bounded before anything is allocated, its
/// pending requests are bounded in number and bytes, and it is waited for only by its own thread. What was dropped is counted in
/// <see cref="Counters"/>. There is no encryption or authentication: a unix socket's folder, or the network, must keep others out.</para>
/// <para><b>The end.</b> <see cref="Dispose"/> takes no further request, answers those that have come in, flushes the disks, closes, and
/// removes the unix socket's file.</para>
/// </remarks>
public sealed class NbdServer : IDisposable
{
    private const int Backlog = 64;

    private readonly Socket _listener;
    private readonly IReadOnlyList<NbdExport> _exports;
    private readonly NbdServerOptions _options;
    private readonly DiskWorkers _workers = new("nbd worker");
    private readonly HashSet<NbdConnection> _connections = [];
    private readonly Lock _gate = new();
    private readonly Thread _acceptor;
    private bool _stopping;

    private NbdServer(Socket listener, IReadOnlyList<NbdExport> exports, NbdServerOptions options)
    {
        _listener = listener;
        _exports = exports;
        _options = options;
        _acceptor = new Thread(Accept) { IsBackground = true, Name = "nbd accept" };
        _acceptor.Start();
    }

    /// <summary>What the server has done and dropped.</summary>
    public NbdCounters Counters { get; } = new();

    /// <summary>Where it listens; for TCP with the port that port 0 became.</summary>
    public EndPoint LocalEndPoint => _listener.LocalEndPoint!;

    /// <summary>Raised when a client has gone and none is left. On the client's thread, which must not wait there.</summary>
    public event Action? LastClientLeft;

    /// <summary>Starts to serve.</summary>
    /// <param name="endPoint">A unix socket's path, or an address and port. The file of a dead server's unix socket is replaced.</param>
    /// <param name="exports">The disks, at least one. The caller keeps them.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <exception cref="DiskException">The end point is taken or cannot be used.</exception>
    public static NbdServer Listen(EndPoint endPoint, IReadOnlyList<NbdExport> exports, NbdServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(exports);
        ArgumentOutOfRangeException.ThrowIfZero(exports.Count);
        return new NbdServer(ListeningSocket.Open(endPoint, Backlog), exports, options ?? new NbdServerOptions());
    }

    /// <summary>The address of an export, as clients take it.</summary>
    /// <param name="export">Its name.</param>
    public string UriOf(string export) => NbdUri.Format(LocalEndPoint, export);

    /// <summary>Stops: answers what has been asked, flushes, closes. Waits at most <see cref="NbdServerOptions.StopTimeout"/> for clients that
    /// do not fetch their answers.</summary>
    public void Dispose()
    {
        NbdConnection[] open;
        lock (_gate)
        {
            if (_stopping)
                return;
            _stopping = true;
            open = [.. _connections];
        }

        ListeningSocket.Close(_listener);
        _acceptor.Join();
        End(open);
        _workers.Dispose();
        foreach (NbdExport export in _exports)
            export.Disk.Flush();
    }

    private void End(NbdConnection[] open)
    {
        foreach (NbdConnection connection in open)
            connection.Stop();
        long began = _options.Time.GetTimestamp();
        foreach (NbdConnection connection in open)
        {
            TimeSpan left = _options.StopTimeout - _options.Time.GetElapsedTime(began);
            if (connection.Join(left > TimeSpan.Zero ? left : TimeSpan.Zero))
                continue;
            connection.Abort();
            connection.Join(Timeout.InfiniteTimeSpan);
        }
    }

    private void Accept()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = _listener.Accept();
            }
            catch (Exception refused) when (refused is SocketException or ObjectDisposedException)
            {
                lock (_gate)
                {
                    if (_stopping)
                        return;
                }

                // A client that was gone before it was taken, or no descriptors left: the next may fare better.
                Counters.AddRefused();
                Thread.Yield();
                continue;
            }

            Take(client);
        }
    }

    private void Take(Socket client)
    {
        lock (_gate)
        {
            if (_stopping || _connections.Count >= _options.MaxConnections)
            {
                Counters.AddRefused();
                client.Dispose();
                return;
            }

            Counters.AddConnection();
            NbdConnection connection = new(new NbdSocket(client), _exports, _options, _workers, Counters, Ended);
            _connections.Add(connection);
            connection.Start();
        }
    }

    private void Ended(NbdConnection connection)
    {
        bool last;
        lock (_gate)
        {
            _connections.Remove(connection);
            last = _connections.Count == 0 && !_stopping;
        }

        if (last)
            LastClientLeft?.Invoke();
    }
}
