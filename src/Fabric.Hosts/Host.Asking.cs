using Fabric.Hosts.Messages;
using Fabric.Hosts.Tcp;
using Fabric.Wire;

namespace Fabric.Hosts;

/// <content>What a host can be told to ask of others.</content>
public sealed partial class Host
{
    private const int MaxEchoes = 65535;
    private const int MaxEchoSize = 65507;

    /// <summary>Pings an address (RFC 792; RFC 4443, 4).</summary>
    /// <param name="destination">An address of another host.</param>
    /// <param name="options">How; null for four echoes, a second apart.</param>
    /// <returns>Ends when each echo is answered or given up. What goes wrong on the way is in the result, not thrown.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The host has stopped, or stops meanwhile.</exception>
    public Task<PingResult> PingAsync(IpAddress destination, PingOptions? options = null)
    {
        options ??= new PingOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Count, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Count, MaxEchoes, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Size, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Size, MaxEchoSize, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.HopLimit, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.HopLimit, 255, nameof(options));
        return Inside(stack => stack.Pings.Start(destination, options));
    }

    /// <summary>Sends bytes to a TCP echo port and checks what comes back (RFC 9293, RFC 862).</summary>
    /// <param name="destination">An address of another host.</param>
    /// <param name="bytes">How many, at least 1.</param>
    /// <param name="port">The echo port.</param>
    /// <param name="seed">Which bytes.</param>
    /// <returns>Ends when all is back, or the connection failed: the result says which.</returns>
    /// <exception cref="ObjectDisposedException">The host has stopped.</exception>
    public Task<TcpTransferResult> TransferAsync(IpAddress destination, long bytes, ushort port = TcpEcho.Port, int seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        return Inside(stack =>
        {
            TcpTransfer transfer = new(stack, bytes, seed);
            if (stack.Tcp.Open(destination, port, transfer) is null)
                transfer.Fail($"host '{Name}' has no address to reach {destination} from, or {TcpPorts.MaxConnections} connections already");
            return transfer.Done;
        });
    }

    /// <summary>Finds the routers on the way to an address: echoes with a TTL or hop limit of 1, 2, 3 and so on.</summary>
    /// <param name="destination">An address of another host.</param>
    /// <param name="maxDistance">Farthest to go, 1 … 255.</param>
    /// <param name="probes">Echoes for each distance.</param>
    /// <param name="timeout">Longest time to wait for the answers of one distance; two seconds when null.</param>
    /// <returns>The distances in order, up to the destination's.</returns>
    /// <exception cref="ObjectDisposedException">The host has stopped, or stops meanwhile.</exception>
    public async Task<IReadOnlyList<TracerouteHop>> TracerouteAsync(IpAddress destination, int maxDistance = 30, int probes = 3, TimeSpan? timeout = null)
    {
        List<TracerouteHop> hops = [];
        PingOptions options = new() { Count = probes, Interval = TimeSpan.Zero, Timeout = timeout ?? new PingOptions().Timeout };
        while (hops.Count < maxDistance && (hops.Count == 0 || !hops[^1].IsLast))
        {
            PingResult result = await PingAsync(destination, options with { HopLimit = hops.Count + 1 }).ConfigureAwait(false);
            hops.Add(new TracerouteHop(hops.Count + 1, result.Echoes));
        }

        return hops;
    }
}
