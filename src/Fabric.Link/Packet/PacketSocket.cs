using System.Runtime.InteropServices;
using Fabric.Link.Host;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link.Packet;

/// <summary>Opens packet sockets (packet(7); Linux, Documentation/networking/packet_mmap.rst).</summary>
/// <param name="Handle">The socket, bound to its interface.</param>
/// <param name="Ring">Where its frames arrive.</param>
/// <param name="Monitor">Follows the interface.</param>
internal sealed unsafe record PacketSocket(SafeFileHandle Handle, PacketRing Ring, LinkMonitor Monitor)
{
    private const int Family = 17;
    private const int RawSocket = 3;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const byte AllProtocols = 3;
    private const int Level = 263;
    private const int AddMembership = 1;
    private const int Version = 10;
    private const int OffloadHeaders = 15;
    private const int IgnoreOutgoing = 23;
    private const int Version2 = 1;
    private const ushort Promiscuous = 1;
    private const int SocketLevel = 1;
    private const int SendBufferLength = 7;
    private const int AddressLength = 20;
    private const int MembershipLength = 16;

    /// <summary>Opens a socket on an interface.</summary>
    /// <exception cref="LinkException">The host refuses.</exception>
    internal static PacketSocket Open(PacketSocketOptions options) => NetworkNamespace.Run(options.Namespace, () => OpenHere(options));

    private static PacketSocket OpenHere(PacketSocketOptions options)
    {
        int index = (int)Native.InterfaceIndex(options.Interface);
        if (index == 0)
            throw new LinkException($"there is no interface '{options.Interface}'{(options.Namespace is null ? "" : $" in network namespace {options.Namespace}")}; see: ip link");
        // Protocol 0: nothing arrives before it is bound, when the ring is there.
        SafeFileHandle handle = Native.Socket(Family, RawSocket | NonBlocking | CloseOnExec, 0);
        if (handle.IsInvalid)
        {
            throw new LinkException(Marshal.GetLastPInvokeError() is Native.Eperm or Native.Eacces
                ? $"interface {options.Interface}: no right to open a packet socket; run fabric as root (CAP_NET_RAW)"
                : $"interface {options.Interface}: the host refuses a packet socket: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        PacketRing? ring = null;
        try
        {
            Configure(handle);
            ring = PacketRing.Map(handle);
            Bind(handle, index);
            return new PacketSocket(handle, ring, new LinkMonitor(index));
        }
        catch (LinkException refused)
        {
            ring?.Dispose();
            handle.Dispose();
            throw new LinkException($"interface {options.Interface}: {refused.Message}");
        }
    }

    private static void Configure(SafeFileHandle handle)
    {
        Set(handle, Level, Version, Version2, "the second version of the receive ring");
        Set(handle, Level, OffloadHeaders, 1, "offload headers");
        int one = 1;
        int room = IPort.MaxBurst * 2 * Frame.MaxLength;
        // SAFETY: a few bytes of our own stack. Before Linux 4.20 the ring passes outgoing frames over itself; the second is room for a
        // burst of super-frames, of which the host gives what it likes.
        _ = Native.SetSocketOption(handle, Level, IgnoreOutgoing, &one, sizeof(int));
        _ = Native.SetSocketOption(handle, SocketLevel, SendBufferLength, &room, sizeof(int));
    }

    private static void Bind(SafeFileHandle handle, int index)
    {
        byte* address = stackalloc byte[AddressLength];
        Span<byte> bytes = new(address, AddressLength);
        bytes.Clear();
        MemoryMarshal.Write(bytes, (ushort)Family);
        bytes[3] = AllProtocols;
        MemoryMarshal.Write(bytes[4..], index);
        byte* membership = stackalloc byte[MembershipLength];
        Span<byte> request = new(membership, MembershipLength);
        request.Clear();
        MemoryMarshal.Write(request, index);
        MemoryMarshal.Write(request[4..], Promiscuous);
        // SAFETY: struct sockaddr_ll and struct packet_mreq on our own stack.
        if (Native.Bind(handle, address, AddressLength) != 0 || Native.SetSocketOption(handle, Level, AddMembership, membership, MembershipLength) != 0)
            throw new LinkException($"the host does not hand over its frames: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static void Set(SafeFileHandle handle, int level, int option, int value, string what)
    {
        // SAFETY: four bytes of our own stack.
        if (Native.SetSocketOption(handle, level, option, &value, sizeof(int)) != 0)
            throw new LinkException($"the host's packet sockets lack {what}: {Marshal.GetLastPInvokeErrorMessage()}");
    }
}
