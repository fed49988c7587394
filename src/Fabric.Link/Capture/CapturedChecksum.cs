using System.Buffers.Binary;
using Fabric.Wire;

namespace Fabric.Link.Capture;

/// <summary>Finishes the checksum of a captured copy, so that who reads the file sees the packet that the receiver takes it for.</summary>
internal static class CapturedChecksum
{
    /// <summary>Stores the checksum that the sender left to its network card. A super-frame gets the one of the whole.</summary>
    /// <param name="frame">The whole frame.</param>
    /// <param name="offload">Its offload header, which may say anything.</param>
    /// <returns>False, and the frame is as it was, when the header does not fit the frame.</returns>
    internal static bool TryComplete(Span<byte> frame, in FrameOffload offload)
    {
        if ((offload.Flags & OffloadFlags.NeedsChecksum) == 0)
            return true;
        int start = offload.ChecksumStart;
        int field = start + offload.ChecksumOffset;
        if (!offload.IsConsistent(frame.Length) || !EthernetView.TryParse(frame, out EthernetView ethernet) || start < ethernet.HeaderLength)
            return false;
        // Ethernet padding does not count; nor does a length that contradicts the frame.
        int end = frame.Length;
        if (ethernet.EtherType == EtherType.Ipv4 && Ipv4View.TryParse(ethernet.Payload, out Ipv4View v4))
            end = ethernet.HeaderLength + v4.TotalLength;
        else if (ethernet.EtherType == EtherType.Ipv6 && Ipv6View.TryParse(ethernet.Payload, out Ipv6View v6))
            end = ethernet.HeaderLength + v6.TotalLength;
        if (field + sizeof(ushort) > end)
            return false;
        ushort sum = InternetChecksum.Finish(InternetChecksum.Add(0, frame[start..end]));
        // Only UDP has no zero (RFC 768); in other protocols readers call the other zero wrong (RFC 1624, 3).
        bool isUdp = offload.ChecksumOffset == UdpView.ChecksumOffset;
        BinaryPrimitives.WriteUInt16BigEndian(frame[field..], sum == 0 && isUdp ? ushort.MaxValue : sum);
        return true;
    }
}
