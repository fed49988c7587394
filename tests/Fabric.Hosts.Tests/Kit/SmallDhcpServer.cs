using Fabric.Link;
using Fabric.TestKit.Link;
using Fabric.TestKit.Wire;

namespace Fabric.Hosts.Tests.Kit;

/// <summary>A DHCP server of a few lines at a port of its own: it reads octets where RFC 2131 has them, not with the views under test.</summary>
internal sealed class SmallDhcpServer(IPort port) : IFrameSink
{
    private static readonly byte[] Mac = [2, 0, 0, 0, 0, 0xFE];

    /// <summary>Seconds of a lease.</summary>
    public int Lease { get; set; } = 600;

    /// <summary>Last octet of the address given: 10.0.0.N.</summary>
    public byte Host { get; set; } = 100;

    public bool Refuses { get; set; }

    public bool Silent { get; set; }

    /// <summary>Message types that arrived, in order.</summary>
    public List<int> Arrived { get; } = [];

    public void Accept(IPort from, ReadOnlySpan<Frame> frames)
    {
        foreach (ref readonly Frame frame in frames)
        {
            byte[] bytes = new byte[frame.Length];
            frame.CopyTo(0, bytes);
            bool arp = bytes[12] == 8 && bytes[13] == 6 && bytes[21] == 1 && bytes[41] == 1;
            bool dhcp = bytes[12] == 8 && bytes[13] == 0 && bytes.Length > 42 + 240 && bytes[23] == 17 && bytes[37] == 67;
            if (arp)
                port.Send([.. bytes[6..12], .. Mac, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, .. Mac, 10, 0, 0, 1, .. bytes[22..32]]);
            else if (dhcp)
                Take(bytes[42..]);
        }
    }

    private void Take(byte[] message)
    {
        int type = message[242];
        Arrived.Add(type);
        bool wanted = type is 1 or 3;
        if (wanted && !Silent)
            Answer(message, type == 1 ? 2 : Refuses ? 6 : 5);
    }

    private void Answer(byte[] request, int type)
    {
        byte[] reply = new byte[300];
        reply[0] = 2;
        reply[1] = 1;
        reply[2] = 6;
        request.AsSpan(4, 4).CopyTo(reply.AsSpan(4));
        new byte[] { 10, 0, 0, Host }.CopyTo(reply, 16);
        request.AsSpan(28, 16).CopyTo(reply.AsSpan(28));
        byte[] options =
        [
            0x63, 0x82, 0x53, 0x63, 53, 1, (byte)type, 54, 4, 10, 0, 0, 1, 51, 4, (byte)(Lease >> 24), (byte)(Lease >> 16), (byte)(Lease >> 8), (byte)Lease,
            1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 0, 1, 6, 8, 10, 0, 0, 1, 10, 0, 0, 2, 15, 4, .. "test"u8, 26, 2, 0x05, 0x78, 255,
        ];
        options.CopyTo(reply, 236);
        byte[] ip = [0x45, 0, 1, 0x48, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 255, 255, 255, 255];
        int sum = 0xFFFF - SlowChecksum.Sum(ip);
        ip[10] = (byte)(sum >> 8);
        ip[11] = (byte)sum;
        port.Send([.. TestFrames.Broadcast, .. Mac, 8, 0, .. ip, 0, 67, 0, 68, 1, 0x34, 0, 0, .. reply]);
    }
}
