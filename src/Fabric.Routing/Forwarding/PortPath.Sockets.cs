using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Fabric.Link;
using Fabric.Routing.Sockets;
using Fabric.Wire;

namespace Fabric.Routing.Forwarding;

/// <content>Datagrams for the router's sockets, which wait for no lock of the router's.</content>
internal sealed unsafe partial class PortPath
{
    private const ushort AnyFragment = 0x3FFF;
    private readonly Frame[] _forSocket = new Frame[MaxBurst];
    private DatagramSocket? _socket;
    private int _forSocketCount;

    /// <summary>Puts a packet for one of the router's own addresses among those that a socket gets.</summary>
    /// <returns>False when it is for none.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryGiveSocket(DatagramSocket[] sockets, in Frame frame, in PacketItem item)
    {
        ReadOnlySpan<byte> packet = _slots.AsSpan(item.Network, item.End - item.Network);
        int header = item.IsV4 ? (packet[0] & 0xF) * 4 : Ipv6View.MinHeaderLength;
        bool isUdp = item.IsV4
            ? (IpProtocol)packet[9] == IpProtocol.Udp && (BinaryPrimitives.ReadUInt16BigEndian(packet[FlagsV4..]) & AnyFragment) == 0
            : (IpProtocol)packet[6] == IpProtocol.Udp;
        if (!isUdp || packet.Length < header + UdpView.HeaderLength)
            return false;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 2)..]);
        foreach (DatagramSocket socket in sockets)
        {
            if (socket.Port != port || socket.Local != item.Destination)
                continue;
            if (socket != _socket || _forSocketCount == MaxBurst)
                GiveSocket();
            _socket = socket;
            _forSocket[_forSocketCount++] = frame;
            return true;
        }

        return false;
    }

    /// <summary>Hands the socket what has come for it.</summary>
    private void GiveSocket()
    {
        if (_socket is not { } socket)
            return;
        int taken = socket.Take(_forSocket.AsSpan(0, _forSocketCount));
        for (int i = taken; i < _forSocketCount; i++)
            Drop(in _forSocket[i], RouterDrop.SocketFull);
        _forSocketCount = 0;
        _socket = null;
    }
}
