using System.Runtime.InteropServices;

namespace Fabric.Link;

/// <summary>An attachment point for Ethernet frames: a guest NIC, a TAP, a stream socket, an in-memory end.</summary>
/// <remarks>
/// <para>Directions are those of the switch: <see cref="Receive"/> takes frames that the attached end has sent,
/// <see cref="Transmit"/> gives frames to it.</para>
/// <para>The receive side belongs to one worker at a time. The transmit side may be called from any thread; the port serialises
/// with a short lock of its own, and never calls a sink from it. One interface call carries a burst. Nothing here allocates per
/// frame.</para>
/// <para><see cref="IDisposable.Dispose"/> is called after the port's worker has let go of it and the sink it was attached to no
/// longer transmits to it.</para>
/// </remarks>
public interface IPort : IDisposable
{
    /// <summary>Most frames in one burst.</summary>
    const int MaxBurst = 32;

    /// <summary>Name in the topology, such as <c>alice.0</c>.</summary>
    string Name { get; }

    /// <summary>Unfinished frames that <see cref="Transmit"/> can carry as they are. May change when a guest's driver renegotiates.</summary>
    FrameOffloads Accepts { get; }

    /// <summary>Counters of this port, by direction and drop reason.</summary>
    PortCounters Counters { get; }

    /// <summary>True while frames can pass: the cable is in, and a driver stands at the other side. Any thread.</summary>
    bool IsUp { get; }

    /// <summary>Says whom to tell when <see cref="IsUp"/> changes, in place of the one before; null for nobody.</summary>
    /// <param name="watcher">Told on whichever thread changes it.</param>
    void AttachLinkWatcher(ILinkWatcher? watcher);

    /// <summary>Takes up to <see cref="MaxBurst"/> frames from the attached end and hands them to the sink in one call.</summary>
    /// <param name="sink">Takes the frames; their memory is given back when it returns.</param>
    /// <returns>Number of frames taken, malformed ones (counted, not handed on) included; 0 when none was waiting.</returns>
    int Receive(IFrameSink sink);

    /// <summary>Gives frames to the attached end. Copies what it takes before it returns; what it cannot take it drops and counts.</summary>
    /// <param name="frames">Frames whose offloads <see cref="Accepts"/> covers; others are dropped and counted.</param>
    /// <returns>Number of frames delivered.</returns>
    int Transmit(ReadOnlySpan<Frame> frames);

    /// <summary>A descriptor that is readable whenever frames wait: a worker then calls <see cref="Receive"/> when the kernel says so and
    /// neither polls nor arms the port. Null for a port that is polled, and wakes its worker itself.</summary>
    /// <remarks>
    /// <para>Looked at when a worker takes the port over, and again after a <see cref="Receive"/> that found nothing: a port whose
    /// descriptor will never again be of use (its device is gone) then has none, and is let sleep. Otherwise it stays the same; a port
    /// whose connections come and go, or that has several, gives an epoll descriptor that holds them.</para>
    /// <para>The port's own; open until it is disposed. A port that wraps another one and adds no frames of its own hands this
    /// on.</para>
    /// </remarks>
    SafeHandle? ReadyDescriptor => null;

    /// <summary>A second descriptor that is readable when there is news of the port itself, such as an interface that was set down: a worker
    /// then calls <see cref="Receive"/> as well. Null where there is none, or where it stands in <see cref="ReadyDescriptor"/>.</summary>
    /// <remarks>A set in a set costs every frame that comes something; news may take the longer way. Open as long as the other one, and
    /// handed on as that is.</remarks>
    SafeHandle? NewsDescriptor => null;

    /// <summary>Says whom to wake. Called before the port is first polled, and again when another worker takes it over; never while
    /// one polls it.</summary>
    /// <param name="waker">Woken when a frame arrives after <see cref="TryArm"/> returned true.</param>
    void AttachWaker(IWaker waker);

    /// <summary>Asks for one wake-up when the next frame arrives.</summary>
    /// <returns>False when frames are already waiting: poll again instead of sleeping.</returns>
    bool TryArm();
}
