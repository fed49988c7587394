using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

/// <summary>The network that carries a VTEP's packets: a UDP end point of the host, or of a router of the topology.</summary>
/// <remarks>
/// <para>It makes IP and UDP headers, never fragments, and hands on only datagrams that were addressed to <see cref="Local"/> and
/// <see cref="Port"/> and whose checksum holds, or was left out where that is allowed.</para>
/// <para><see cref="Receive"/> belongs to one worker at a time, <see cref="Send"/> to one thread at a time; the two may run together.
/// Neither allocates per datagram nor blocks.</para>
/// </remarks>
public interface IUnderlay : IDisposable
{
    /// <summary>Address of this end.</summary>
    IpAddress Local { get; }

    /// <summary>UDP port of this end, to which others send.</summary>
    ushort Port { get; }

    /// <summary>A descriptor that is readable whenever datagrams wait; null for an underlay that is polled and wakes its worker.</summary>
    SafeHandle? ReadyDescriptor { get; }

    /// <summary>The largest IP packet, header included, that reaches an address whole, as far as is known now. Not for the data path.</summary>
    /// <param name="destination">The address.</param>
    /// <returns>Bytes; 0 when there is no way there.</returns>
    int MtuTo(IpAddress destination);

    /// <summary>Measures how long a packet reaches an address, by echoes: two seconds at most, and as long as one echo where all is well.
    /// What routers answer to them is known to <see cref="MtuTo"/> afterwards.</summary>
    /// <param name="destination">The address; of a group only what is known is told, and by an underlay without echoes.</param>
    /// <param name="wanted">A length of special interest in bytes, IP header included.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="LinkException">The host's network that the underlay is of is gone.</exception>
    Task<PathMtu> MeasureAsync(IpAddress destination, int wanted, TimeProvider time, CancellationToken cancel) =>
        Task.FromResult(new PathMtu(destination, PathState.NotAsked, MtuTo(destination), 0));

    /// <summary>What stands in the outer headers of what is sent.</summary>
    OuterFields Outer => OuterFields.Usual;

    /// <summary>The UDP port that a datagram is really sent from.</summary>
    /// <param name="wanted">As in <see cref="TunnelDatagram.SourcePort"/>.</param>
    ushort SourcePortFor(ushort wanted) => wanted;

    /// <summary>Sends datagrams. Those of one source port and destination keep their order.</summary>
    /// <param name="datagrams">Up to <see cref="MaxBurst"/>.</param>
    /// <param name="counters">Where what cannot be sent is counted: <see cref="DropReason.Oversized"/> for what does not fit the path,
    /// <see cref="DropReason.NoBuffer"/>, and <see cref="DropReason.LinkDown"/> where there is no way.</param>
    /// <param name="bytes">Bytes of the payloads that left.</param>
    /// <returns>Number of datagrams that left.</returns>
    int Send(ReadOnlySpan<TunnelDatagram> datagrams, PortCounters counters, out long bytes);

    /// <summary>Takes a burst of datagrams.</summary>
    /// <param name="sink">Takes them in at most one call.</param>
    /// <returns>Number taken; 0 when none was waiting.</returns>
    int Receive(IDatagramSink sink);

    /// <summary>Becomes a member of a multicast group, and sends to it by the same way.</summary>
    /// <param name="group">Of the family of <see cref="Local"/>.</param>
    /// <exception cref="OverlayException">It cannot.</exception>
    void Join(IpAddress group);

    /// <summary>Says whom to wake; see <see cref="IPort.AttachWaker"/>.</summary>
    /// <param name="waker">Whom.</param>
    void AttachWaker(IWaker waker);

    /// <summary>Makes <see cref="ReadyDescriptor"/> readable also while another descriptor is; where there is none, the worker is woken
    /// instead. One set in place of one in another: each costs every datagram that comes something.</summary>
    /// <param name="descriptor">What to watch; the caller's.</param>
    void Watch(SafeHandle descriptor)
    {
    }

    /// <summary>Asks for one wake-up; see <see cref="IPort.TryArm"/>.</summary>
    bool TryArm();

    /// <summary>Most datagrams in one call of <see cref="Send"/>.</summary>
    const int MaxBurst = 128;
}
