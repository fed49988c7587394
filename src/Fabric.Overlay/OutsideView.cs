using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Overlay.Underlays;

namespace Fabric.Overlay;

/// <summary>The packets of a <see cref="Vtep"/>'s tunnels as frames, outer headers and all, for those who look on.</summary>
/// <remarks>
/// <para>An underlay keeps the headers to itself, so they are made: addresses and UDP ports are the real ones, as are TTL and DSCP of what is
/// sent; those of what is received are not known and stand as if it had been sent from here, addressed to <see cref="IUnderlay.Local"/>.
/// Identification and the Ethernet addresses are zero. A UDP checksum is the right one of what is shown, or zero where this end makes
/// none.</para>
/// <para>A packet is shown at the port of its segment, or at <see cref="Vtep.Receiver"/> where it belongs to none. What is sent is shown just
/// before the underlay takes it or not. Costs a load for each burst while nobody looks on.</para>
/// </remarks>
public sealed unsafe class OutsideView
{
    /// <summary>More pieces than this has no packet that an underlay sends.</summary>
    private const int MostPieces = 192;

    private readonly Vtep _vtep;
    private readonly OuterHeaders _received;
    private readonly OuterHeaders _transmitted;
    private readonly FrameSegment[] _receivedPiece = GC.AllocateArray<FrameSegment>(1, pinned: true);
    private readonly FrameSegment[] _transmittedPieces = GC.AllocateArray<FrameSegment>(MostPieces, pinned: true);

    internal OutsideView(Vtep vtep)
    {
        _vtep = vtep;
        _received = new OuterHeaders(vtep.Underlay.Outer);
        _transmitted = new OuterHeaders(vtep.Underlay.Outer);
    }

    /// <summary>Who looks on. Called while the end point's own tables are held: they must not ask it anything.</summary>
    public FrameObservers Observers { get; } = new();

    /// <summary>Shows a packet that came in, and why it goes no further. Receiving thread only.</summary>
    /// <param name="port">Its segment, or null where that is not known.</param>
    /// <param name="datagram">The datagram, or the train it came in.</param>
    /// <param name="offset">Where the packet begins in it.</param>
    /// <param name="length">Bytes of it from the VXLAN header on.</param>
    /// <param name="reason">Why it is dropped, or null.</param>
    internal void ShowReceived(VxlanPort? port, in ReceivedDatagram datagram, int offset, int length, DropReason? reason)
    {
        bool hasSegment = port is not null && reason is not (DropReason.BadEncapsulation or DropReason.UnknownSegment);
        IPort at = hasSegment ? port! : _vtep.Receiver;
        IUnderlay underlay = _vtep.Underlay;
        if (!_received.TryWrite(datagram.Source, datagram.SourcePort, underlay.Local, underlay.Port, length, out int header))
            return;
        // SAFETY: the underlay's memory stays during the call; header and piece are pinned.
        _receivedPiece[0] = new FrameSegment((nint)(datagram.Data + offset), length);
        Frame frame = new(_received.Start, header, (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_receivedPiece, 0), 1, header + length, _received.Offload);
        Observers.Show(at, FrameDirection.Received, new ReadOnlySpan<Frame>(in frame));
        if (reason is { } why)
            Observers.ShowDrop(at, FrameDirection.Received, in frame, why);
    }

    /// <summary>Shows packets that are about to be sent. Under the transmit lock only.</summary>
    /// <param name="port">Their segment.</param>
    /// <param name="datagrams">The packets.</param>
    internal void ShowTransmitted(VxlanPort port, ReadOnlySpan<TunnelDatagram> datagrams)
    {
        IUnderlay underlay = _vtep.Underlay;
        foreach (ref readonly TunnelDatagram datagram in datagrams)
        {
            Frame payload = datagram.Payload;
            int pieces = 1 + payload.Rest.Length;
            ushort source = underlay.SourcePortFor(datagram.SourcePort);
            if (pieces > MostPieces || !_transmitted.TryWrite(underlay.Local, source, datagram.Destination, datagram.Port, payload.Length, out int header))
                continue;
            payload.Rest.CopyTo(_transmittedPieces.AsSpan(1));
            fixed (byte* head = payload.Head)
            {
                // SAFETY: the payload's memory stays during the call; header and pieces are pinned.
                _transmittedPieces[0] = new FrameSegment((nint)head, payload.Head.Length);
                Frame frame = new(_transmitted.Start, header, (FrameSegment*)Marshal.UnsafeAddrOfPinnedArrayElement(_transmittedPieces, 0), pieces, header + payload.Length, _transmitted.Offload);
                Observers.Show(port, FrameDirection.Transmitted, new ReadOnlySpan<Frame>(in frame));
            }
        }
    }
}
