using System.Runtime.InteropServices;
using Fabric.Wire;

namespace Fabric.Link;

/// <summary>What is still to be done to a frame before it may leave on a real wire: the first ten bytes of a virtio-net header, in
/// host byte order (virtio 1.2, 5.1.6).</summary>
/// <remarks>All zero means a finished frame. Values come from guests: nothing may trust them as an index before checking.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
public struct FrameOffload
{
    /// <summary>Which of the fields below count.</summary>
    public OffloadFlags Flags;

    /// <summary>Kind of segmentation wanted.</summary>
    public GsoType Gso;

    /// <summary>Length in bytes of all headers up to the payload; a hint.</summary>
    public ushort HeaderLength;

    /// <summary>Payload bytes per segment.</summary>
    public ushort GsoSize;

    /// <summary>Where the checksum starts, in bytes from the frame's first byte.</summary>
    public ushort ChecksumStart;

    /// <summary>Where the checksum is stored, in bytes from <see cref="ChecksumStart"/>.</summary>
    public ushort ChecksumOffset;

    /// <summary>True when the frame can leave as it stands.</summary>
    public readonly bool IsNone => (Flags & OffloadFlags.NeedsChecksum) == 0 && Gso == GsoType.None;

    /// <summary>Tells whether the header makes sense by itself: the checksum lies inside the frame and behind its addresses, the kind
    /// of segmentation is known, its segments are not empty, and it comes with a partial checksum (virtio 1.2, 5.1.6.2.1). The headers
    /// of the frame are not looked at.</summary>
    /// <param name="frameLength">Length of the frame in bytes.</param>
    public readonly bool IsConsistent(int frameLength)
    {
        bool partial = (Flags & OffloadFlags.NeedsChecksum) != 0;
        if (partial && (ChecksumStart < EthernetView.MinHeaderLength || ChecksumStart + ChecksumOffset + sizeof(ushort) > frameLength))
            return false;
        return Gso switch
        {
            GsoType.None => true,
            GsoType.TcpV4 or GsoType.TcpV4 | GsoType.Ecn or GsoType.TcpV6 or GsoType.TcpV6 | GsoType.Ecn or GsoType.UdpL4 => partial && GsoSize != 0,
            _ => false,
        };
    }

    /// <summary>Tells whether a port can carry the frame as it stands.</summary>
    /// <param name="accepts">What the port can carry.</param>
    public readonly bool IsCarriedBy(FrameOffloads accepts)
    {
        FrameOffloads needs = (Flags & OffloadFlags.NeedsChecksum) != 0 ? FrameOffloads.Checksum : FrameOffloads.None;
        if ((Gso & GsoType.Ecn) != 0)
            needs |= FrameOffloads.Ecn;
        switch (Gso & ~GsoType.Ecn)
        {
            case GsoType.None: break;
            case GsoType.TcpV4: needs |= FrameOffloads.TcpV4; break;
            case GsoType.TcpV6: needs |= FrameOffloads.TcpV6; break;
            case GsoType.UdpL4: needs |= FrameOffloads.Udp; break;
            default: return false;
        }

        return (needs & ~accepts) == 0;
    }
}
