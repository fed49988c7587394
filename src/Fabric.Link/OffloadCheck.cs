using System.Buffers.Binary;
using Fabric.Wire;

namespace Fabric.Link;

/// <summary>A port's check of itself when it starts: are the first frames that come in what their offload headers say?</summary>
/// <remarks>
/// <para>"Ping works, TCP does not" is what a user sees where a driver or an interface says that a checksum is complete when it is not, or
/// points its offload header at the wrong place. Nothing on the way would notice: switches do not look, and the far end drops in silence.
/// So the first TCP and UDP frames are taken apart: offload headers must agree with the frame, a partial checksum must hold the sum of the
/// pseudo-header, and a finished one must be right. After that the check costs a comparison a burst.</para>
/// <para>Written on the port's receive side, read from any thread. Nothing is dropped here.</para>
/// </remarks>
public sealed class OffloadCheck
{
    /// <summary>Number of TCP and UDP frames looked at.</summary>
    public const int Sample = 1000;

    /// <summary>Wrong frames from which on it is the port, and not a sender's slip.</summary>
    private const int Tolerated = 3;

    private int _checked;
    private int _contradictions;
    private int _wrongChecksums;

    /// <summary>TCP and UDP frames looked at so far.</summary>
    public int Checked => Volatile.Read(ref _checked);

    /// <summary>Those whose offload header contradicts them.</summary>
    public int Contradictions => Volatile.Read(ref _contradictions);

    /// <summary>Those whose checksum is wrong: finished and not right, or partial without the sum of the pseudo-header.</summary>
    public int WrongChecksums => Volatile.Read(ref _wrongChecksums);

    /// <summary>True when the port brings in frames that the far end will not take.</summary>
    public bool IsCorrupting => Contradictions + WrongChecksums > Tolerated;

    /// <summary>Looks at a burst, if the sample is not complete yet.</summary>
    /// <param name="frames">As received.</param>
    internal void Look(ReadOnlySpan<Frame> frames)
    {
        if (_checked >= Sample)
            return;
        foreach (ref readonly Frame frame in frames)
        {
            if (frame.IsContiguous)
                Look(in frame);
        }
    }

    private void Look(in Frame frame)
    {
        if (!EthernetView.TryParse(frame.Head, out EthernetView ethernet))
            return;
        if (ethernet.EtherType == EtherType.Ipv4 && Ipv4View.TryParse(ethernet.Payload, out Ipv4View v4))
        {
            if (!v4.IsFragment)
                Look(in frame, ethernet.HeaderLength + v4.HeaderLength, v4.Protocol, v4.Addresses, v4.Payload);
        }
        else if (ethernet.EtherType == EtherType.Ipv6 && Ipv6View.TryParse(ethernet.Payload, out Ipv6View v6) && !v6.IsFragment)
        {
            Look(in frame, ethernet.HeaderLength + v6.HeaderLength, v6.Protocol, v6.Addresses, v6.Payload);
        }
    }

    private void Look(in Frame frame, int transport, IpProtocol protocol, ReadOnlySpan<byte> addresses, ReadOnlySpan<byte> payload)
    {
        int field = protocol switch
        {
            IpProtocol.Tcp when payload.Length >= TcpView.MinHeaderLength => TcpView.ChecksumOffset,
            IpProtocol.Udp when payload.Length >= UdpView.HeaderLength => UdpView.ChecksumOffset,
            _ => 0,
        };
        if (field == 0)
            return;
        Volatile.Write(ref _checked, _checked + 1);
        if (Contradicts(in frame, transport, field))
            Volatile.Write(ref _contradictions, _contradictions + 1);
        else if (!IsChecksumRight(frame.Offload, transport, protocol, addresses, payload, field))
            Volatile.Write(ref _wrongChecksums, _wrongChecksums + 1);
    }

    private static bool Contradicts(in Frame frame, int transport, int field)
    {
        FrameOffload offload = frame.Offload;
        if (!offload.IsConsistent(frame.Length))
            return true;
        if ((offload.Flags & OffloadFlags.NeedsChecksum) == 0)
            return false;
        // A checksum further in belongs to a packet inside a tunnel.
        if (field == UdpView.ChecksumOffset && offload.ChecksumStart > transport)
            return false;
        return offload.ChecksumStart != transport || offload.ChecksumOffset != field
            || (offload.Gso != GsoType.None && !SuperFrame.TryParse(frame.Head, in offload, out _));
    }

    private static bool IsChecksumRight(
        FrameOffload offload, int transport, IpProtocol protocol, ReadOnlySpan<byte> addresses, ReadOnlySpan<byte> payload, int field)
    {
        ushort stored = BinaryPrimitives.ReadUInt16BigEndian(payload[field..]);
        ulong pseudo = InternetChecksum.PseudoHeader(addresses, protocol, payload.Length);
        if ((offload.Flags & OffloadFlags.NeedsChecksum) == 0)
            return (protocol == IpProtocol.Udp && stored == 0) || InternetChecksum.Finish(InternetChecksum.Add(pseudo, payload)) == 0;
        // Which length a super-frame's sum contains is left to the sender; whoever cuts it computes it afresh.
        return offload.Gso != GsoType.None || offload.ChecksumStart != transport || stored == (ushort)~InternetChecksum.Finish(pseudo);
    }
}
