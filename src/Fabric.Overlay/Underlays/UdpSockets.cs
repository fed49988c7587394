using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Fabric.Link;
using Fabric.Link.Host;
using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

/// <summary>The sockets of a UDP underlay: one that receives, and those that send, each with a source port of its own.</summary>
internal sealed class UdpSockets : IDisposable
{
    private const int BufferSize = 8 << 20;
    private const int SmallestBuffer = 1;
    private const int MostTries = 4096;

    // Odd, so that steps of it visit every port.
    private const int PortStep = 6151;

    private readonly UdpUnderlayOptions _options;

    private UdpSockets(UdpUnderlayOptions options)
    {
        _options = options;
        Senders = new Socket[options.SourcePorts];
        Receiver = Create();
        try
        {
            Receiver.Bind(new IPEndPoint(options.Local.ToIPAddress(), options.Port));
            Enlarge(Receiver, Native.ReceiveBufferForce);
            if (options.Segmentation)
                Set(Receiver, Native.UdpLevel, Native.UdpGro, 1);
            if (!options.Local.IsV4 && options.AcceptsZeroChecksumsV6)
                Set(Receiver, Native.UdpLevel, Native.UdpNoChecksum6Receive, 1);
            OpenSenders();
            Probe = Create();
            Probe.Bind(new IPEndPoint(options.Local.ToIPAddress(), 0));
        }
        catch (SocketException e)
        {
            Dispose();
            throw Refused(e);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Receives, and sends nothing.</summary>
    internal Socket Receiver { get; }

    /// <summary>Send, and receive nothing that anybody reads.</summary>
    internal Socket[] Senders { get; }

    /// <summary>Asks for path MTUs.</summary>
    internal Socket? Probe { get; }

    public void Dispose()
    {
        Receiver.Dispose();
        Probe?.Dispose();
        foreach (Socket? sender in Senders)
            sender?.Dispose();
    }

    /// <summary>Opens them in the namespace asked for.</summary>
    /// <exception cref="OverlayException">The host refuses.</exception>
    internal static UdpSockets Open(UdpUnderlayOptions options)
    {
        try
        {
            return NetworkNamespace.Run(options.Namespace, () => new UdpSockets(options));
        }
        catch (LinkException e)
        {
            throw new OverlayException(e.Message);
        }
    }

    /// <summary>Opens a socket that receives what is sent to a group, and lets the senders reach it.</summary>
    /// <remarks>A socket of its own: one that is bound to a station's address gets nothing that was sent to a group.</remarks>
    /// <exception cref="OverlayException">The host refuses.</exception>
    internal Socket Join(IpAddress group) => NetworkNamespace.Run(_options.Namespace, () =>
    {
        Socket receiver = Create();
        try
        {
            JoinHere(receiver, group);
            return receiver;
        }
        catch (SocketException e)
        {
            receiver.Dispose();
            throw new OverlayException($"{_options.Local}: cannot join the group {group}: {e.Message}; name the interface that reaches it");
        }
    });

    private void JoinHere(Socket receiver, IpAddress group)
    {
        int index = InterfaceIndex();
        bool v4 = _options.Local.IsV4;
        // struct ip_mreqn: group, local address, index; struct ipv6_mreq: group, index.
        byte[] membership = new byte[v4 ? 12 : 20];
        group.CopyTo(membership);
        if (v4)
            _options.Local.CopyTo(membership.AsSpan(4));
        BinaryPrimitives.WriteInt32LittleEndian(membership.AsSpan(membership.Length - sizeof(int)), index);
        int level = v4 ? Native.IpLevel : Native.Ipv6Level;
        receiver.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        receiver.Bind(new IPEndPoint(group.ToIPAddress(), _options.Port));
        receiver.SetRawSocketOption(level, v4 ? Native.IpAddMembership : Native.Ipv6JoinGroup, membership);
        Enlarge(receiver, Native.ReceiveBufferForce);
        foreach (Socket sender in Senders)
        {
            Set(sender, level, v4 ? Native.IpMulticastLoop : Native.Ipv6MulticastLoop, 0);
            Set(sender, level, v4 ? Native.IpMulticastTimeToLive : Native.Ipv6MulticastHops, _options.TimeToLive);
            if (v4)
                sender.SetRawSocketOption(level, Native.IpMulticastInterface, membership);
            else if (index != 0)
                Set(sender, level, Native.Ipv6MulticastInterface, index);
        }
    }

    private Socket Create()
    {
        Socket socket = new(_options.Local.IsV4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        if (!_options.Local.IsV4)
            socket.DualMode = false;
        return socket;
    }

    private void OpenSenders()
    {
        int port = _options.Port * PortStep;
        int tries = 0;
        for (int i = 0; i < Senders.Length; i++)
        {
            Socket sender = Senders[i] = Create();
            while (!TryBind(sender, TunnelDatagram.FirstSourcePort + (port & (TunnelDatagram.SourcePorts - 1))))
            {
                port += PortStep;
                if (++tries == MostTries)
                    throw new OverlayException($"{_options.Local}: no {Senders.Length} free UDP ports from {TunnelDatagram.FirstSourcePort} up to send from; ask for fewer source ports");
            }

            port += PortStep;
            Configure(sender);
        }
    }

    private bool TryBind(Socket socket, int port)
    {
        try
        {
            socket.Bind(new IPEndPoint(_options.Local.ToIPAddress(), port));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }

    private void Configure(Socket sender)
    {
        Enlarge(sender, Native.SendBufferForce);
        // Nobody reads what strangers send to these ports: it takes no memory.
        sender.ReceiveBufferSize = SmallestBuffer;
        int services = _options.DifferentiatedServices << 2;
        if (_options.Local.IsV4)
        {
            Set(sender, Native.IpLevel, Native.IpMtuDiscover, Native.NeverFragment);
            Set(sender, Native.IpLevel, Native.IpTimeToLive, _options.TimeToLive);
            Set(sender, Native.IpLevel, Native.IpTrafficClass, services);
            if (!_options.Checksums)
                Set(sender, Native.SocketLevel, Native.NoCheck, 1);
            return;
        }

        Set(sender, Native.Ipv6Level, Native.Ipv6MtuDiscover, Native.NeverFragment);
        Set(sender, Native.Ipv6Level, Native.Ipv6UnicastHops, _options.TimeToLive);
        Set(sender, Native.Ipv6Level, Native.Ipv6TrafficClass, services);
        if (!_options.Checksums)
            Set(sender, Native.UdpLevel, Native.UdpNoChecksum6Transmit, 1);
    }

    private int InterfaceIndex()
    {
        if (_options.MulticastInterface is not { } name)
            return 0;
        NetworkInterface found = NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(one => one.Name == name)
            ?? throw new OverlayException($"{_options.Local}: there is no interface '{name}' to reach multicast groups by; 'ip link' lists those there are");
        return _options.Local.IsV4 ? found.GetIPProperties().GetIPv4Properties().Index : found.GetIPProperties().GetIPv6Properties().Index;
    }

    private static void Enlarge(Socket socket, int option)
    {
        try
        {
            Set(socket, Native.SocketLevel, option, BufferSize);
        }
        catch (SocketException)
        {
            // Without the right to go beyond the host's limit, up to it.
            if (option == Native.ReceiveBufferForce)
                socket.ReceiveBufferSize = BufferSize;
            else
                socket.SendBufferSize = BufferSize;
        }
    }

    private static void Set(Socket socket, int level, int option, int value) =>
        socket.SetRawSocketOption(level, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    private OverlayException Refused(SocketException e)
    {
        string where = $"{_options.Local} port {_options.Port}";
        return new OverlayException(e.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"{where}: another tunnel end point or process has it already; choose another address or UDP port",
            SocketError.AddressNotAvailable => $"{where}: this host has no such address; 'ip address' lists those it has",
            SocketError.AccessDenied => $"{where}: no right to listen there; choose a UDP port above 1023",
            _ => $"{where}: no tunnel can end there: {e.Message}",
        });
    }
}
