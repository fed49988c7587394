using Fabric.Wire;

namespace Fabric.Link;

/// <summary>Where the headers of a frame that is to be segmented lie, after its offload header was checked against them.</summary>
/// <remarks>All positions are in bytes from the start of the frame and lie inside it.</remarks>
internal readonly struct SuperFrame
{
    /// <summary>Most bytes of headers; more is no frame that a stack sends.</summary>
    internal const int MaxHeaderLength = 256;

    /// <summary>Least payload of a TCP segment. Smaller ones serve only to multiply work (CVE-2019-11479), and no stack sends them.</summary>
    internal const int MinTcpSegment = 48;

    /// <summary>Most datagrams in one super-frame, for the same reason; stacks send up to this many.</summary>
    internal const int MaxDatagrams = 128;

    private SuperFrame(int network, bool isV6, int transport, bool isTcp, int payload)
    {
        Network = network;
        IsV6 = isV6;
        Transport = transport;
        IsTcp = isTcp;
        Payload = payload;
    }

    /// <summary>Start of the IP header.</summary>
    internal int Network { get; }

    /// <summary>IPv6, not IPv4.</summary>
    internal bool IsV6 { get; }

    /// <summary>Start of the TCP or UDP header.</summary>
    internal int Transport { get; }

    /// <summary>TCP, not UDP.</summary>
    internal bool IsTcp { get; }

    /// <summary>Start of the payload, which is not empty and reaches to the end of the frame.</summary>
    internal int Payload { get; }

    /// <summary>Checks a frame against its offload header.</summary>
    /// <param name="frame">A copy that nobody changes.</param>
    /// <param name="offload">A consistent header with segmentation.</param>
    /// <param name="layout">Where things are.</param>
    /// <returns>False when the headers are not those of one whole packet of the kind the offload header names.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> frame, in FrameOffload offload, out SuperFrame layout)
    {
        layout = default;
        if (!TryParseNetwork(frame, out int network, out int transport, out bool isV6, out IpProtocol protocol))
            return false;
        bool isTcp = offload.Gso != GsoType.UdpL4;
        GsoType tcpKind = isV6 ? GsoType.TcpV6 : GsoType.TcpV4;
        if (protocol != (isTcp ? IpProtocol.Tcp : IpProtocol.Udp) || (isTcp && (offload.Gso & ~GsoType.Ecn) != tcpKind))
            return false;
        if (offload.ChecksumStart != transport || offload.ChecksumOffset != (isTcp ? TcpView.ChecksumOffset : UdpView.ChecksumOffset))
            return false;
        if (!TryParseTransport(frame[transport..], isTcp, out int header))
            return false;
        int payload = transport + header;
        int payloadLength = frame.Length - payload;
        if (payload > MaxHeaderLength || payloadLength == 0)
            return false;
        if (isTcp ? offload.GsoSize < MinTcpSegment : offload.GsoSize * MaxDatagrams < payloadLength)
            return false;
        layout = new SuperFrame(network, isV6, transport, isTcp, payload);
        return true;
    }

    private static bool TryParseNetwork(ReadOnlySpan<byte> frame, out int network, out int transport, out bool isV6, out IpProtocol protocol)
    {
        network = transport = 0;
        isV6 = false;
        protocol = default;
        if (!EthernetView.TryParse(frame, out EthernetView ethernet))
            return false;
        network = ethernet.HeaderLength;
        isV6 = ethernet.EtherType == EtherType.Ipv6;
        bool whole = false;
        if (isV6 && Ipv6View.TryParse(ethernet.Payload, out Ipv6View v6))
        {
            transport = network + v6.HeaderLength;
            protocol = v6.Protocol;
            whole = !v6.IsFragment && v6.TotalLength == ethernet.Payload.Length;
        }
        else if (ethernet.EtherType == EtherType.Ipv4 && Ipv4View.TryParse(ethernet.Payload, out Ipv4View v4))
        {
            transport = network + v4.HeaderLength;
            protocol = v4.Protocol;
            whole = !v4.IsFragment && v4.TotalLength == ethernet.Payload.Length;
        }

        return whole;
    }

    private static bool TryParseTransport(ReadOnlySpan<byte> bytes, bool isTcp, out int headerLength)
    {
        headerLength = UdpView.HeaderLength;
        if (!isTcp)
            return UdpView.TryParse(bytes, out UdpView udp) && udp.Length == bytes.Length;
        bool valid = TcpView.TryParse(bytes, out TcpView tcp);
        headerLength = tcp.HeaderLength;
        return valid;
    }
}
