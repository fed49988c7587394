using Fabric.Link;

namespace Fabric.Overlay;

// What the tunnel does about its own size: see MssClamp and TooBigMessage.
internal sealed unsafe partial class Encapsulator
{
    private bool _isTooBig;

    /// <summary>Drops a packet that is longer than the segment carries, and tells its sender.</summary>
    private bool RefuseTooBig(VxlanPort port, in Frame frame, int target)
    {
        // The underlay may carry more by now.
        if (port.Mtu == 0 || port.Mtu < port.Options.Mtu)
            port.AskAgain();
        if (!_isTooBig)
        {
            // Once for all segments of a super-frame.
            _isTooBig = true;
            port.Events.AddTooBig();
            if (port.Mtu != 0 && MayTell(port, target))
                Tell(port, in frame);
        }

        return Drop(port, DropReason.Oversized);
    }

    /// <summary>A station that is not known may be on this side too, where the packet is not too big and the answer would teach the switch
    /// something wrong.</summary>
    private static bool MayTell(VxlanPort port, int target) => target != Flooded || !port.Options.Learns;

    private void Tell(VxlanPort port, in Frame frame)
    {
        byte* answer = stackalloc byte[TooBigMessage.MostLength];
        Span<byte> quoted = stackalloc byte[TooBigMessage.MostQuoted];
        quoted = quoted[..frame.CopyTo(0, quoted)];
        // SAFETY: our own stack, and so many bytes of it.
        int length = TooBigMessage.Write(quoted, port.Mtu, port.Options.Tags == InnerTags.Carried, new Span<byte>(answer, TooBigMessage.MostLength));
        if (length == 0)
            return;
        port.TooBigBucket.Refill(_vtep.Ticks());
        if (port.TooBigBucket.TryTake(1) && port.Answers.TryAdd(new Frame(answer, length)))
            port.Events.AddTooBigTold();
    }

    /// <summary>Lowers the segment size that a SYN asks for, in the copy of its headers.</summary>
    /// <param name="port">Its segment.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="end">End of the place that the copy is in.</param>
    /// <param name="head">The copy.</param>
    /// <param name="copied">Bytes of it.</param>
    /// <param name="offset">Bytes of the frame that are in it, or were taken out.</param>
    private static void LowerSegmentSize(VxlanPort port, in Frame frame, byte* end, byte* head, ref int copied, ref int offset)
    {
        // SAFETY: the place reaches from the copy's first byte to its end.
        Span<byte> headers = new(head, (int)(end - head));
        int more = frame.CopyTo(offset, headers[copied..]);
        copied += more;
        offset += more;
        if (MssClamp.TryLower(headers[..copied], port.Mtu, isPartial: false))
            port.Events.AddClampedOut();
    }
}
