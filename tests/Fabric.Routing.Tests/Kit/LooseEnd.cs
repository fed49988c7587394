using Fabric.Link;
using Fabric.TestKit.Link;
using Fabric.Wire;

namespace Fabric.Routing.Tests.Kit;

/// <summary>A station made of hand-written frames at the end of a cable to a router.</summary>
internal sealed class LooseEnd(RoutedNetwork network, MemoryLink cable, RouterInterface router)
{
    private static readonly MacAddress Own = RoutedNetwork.MacOf(4242);

    /// <summary>Sends a packet to the router's Ethernet address, lets it be dealt with, and returns what came back on this cable.</summary>
    public List<byte[]> Send(byte[] packet, FrameOffload offload = default, MacAddress? to = null)
    {
        Deliver(packet, offload, to);
        return Receive();
    }

    /// <summary>The same without looking at what comes back.</summary>
    public void Deliver(byte[] packet, FrameOffload offload = default, MacAddress? to = null)
    {
        byte[] frame = new byte[EthernetView.MinHeaderLength + packet.Length];
        HeaderWriter.Ethernet(frame, to ?? router.Mac, Own, packet[0] >> 4 == 4 ? EtherType.Ipv4 : EtherType.Ipv6);
        packet.CopyTo(frame, EthernetView.MinHeaderLength);
        cable.First.Send(frame, offload);
        network.Settle();
    }

    /// <summary>Frames that the router has sent here; ARP and the like are left out unless asked for.</summary>
    public List<byte[]> Receive(EtherType? only = null)
    {
        network.Settle();
        return [.. cable.First.ReceiveAll().Select(frame => frame.Bytes).Where(frame => only is null || Type(frame) == only)];
    }

    public List<RecordedFrame> ReceiveFrames() => cable.First.ReceiveAll();

    public static byte[] Udp(string from, string to, int payload = 32, byte hopLimit = 64, ushort sourcePort = 1000, ushort port = 2000, ushort fragment = 0)
    {
        IpAddress source = RoutedNetwork.Address(from);
        IpAddress destination = RoutedNetwork.Address(to);
        int header = source.IsV4 ? Ipv4View.MinHeaderLength : Ipv6View.MinHeaderLength;
        byte[] packet = new byte[header + UdpView.HeaderLength + payload];
        Span<byte> udp = packet.AsSpan(header);
        for (int i = UdpView.HeaderLength; i < udp.Length; i++)
            udp[i] = (byte)i;
        HeaderWriter.Udp(udp, sourcePort, port);
        HeaderWriter.StoreChecksum(udp, source, destination, IpProtocol.Udp);
        if (source.IsV4)
            HeaderWriter.V4(packet, source, destination, IpProtocol.Udp, udp.Length, hopLimit, 7, fragment);
        else
            HeaderWriter.V6(packet, source, destination, IpProtocol.Udp, udp.Length, hopLimit);
        return packet;
    }

    /// <summary>An IPv4 packet with options between its header and its payload.</summary>
    public static byte[] WithOptions(byte[] packet, params byte[] options)
    {
        byte[] longer = [.. packet[..20], .. options, .. packet[20..]];
        longer[0] = (byte)(0x45 + (options.Length / 4));
        longer[2] = (byte)(longer.Length >> 8);
        longer[3] = (byte)longer.Length;
        longer[10] = longer[11] = 0;
        ushort sum = InternetChecksum.Finish(InternetChecksum.Add(0, longer.AsSpan(0, 20 + options.Length)));
        longer[10] = (byte)(sum >> 8);
        longer[11] = (byte)sum;
        return longer;
    }

    public static EtherType Type(byte[] frame) => (EtherType)((frame[12] << 8) | frame[13]);
}
