using Fabric.Hosts.Messages;
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
}
