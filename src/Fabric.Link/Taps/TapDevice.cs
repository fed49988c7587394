using System.Runtime.InteropServices;
using System.Text;
using Fabric.Link.Host;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link.Taps;

/// <summary>Opens TAPs (Linux, Documentation/networking/tuntap.rst).</summary>
internal static unsafe class TapDevice
{
    /// <summary>Bytes of virtio-net header before each frame: without the count of buffers, which means nothing here.</summary>
    internal const int HeaderLength = 10;

    private const string Path = "/dev/net/tun";

    // ioctl numbers of linux/if_tun.h: _IOW('T', n, int).
    private const nuint SetInterface = 0x400454CA;
    private const nuint SetOffload = 0x400454D0;
    private const nuint SetHeaderLength = 0x400454D8;
    private const nuint SetCarrierState = 0x400454E2;
    private const nuint GetInterface = 0x800454D2;
    private const nuint GetNamespace = 0x54E3;

    private const ushort FlagTap = 0x0002;
    private const ushort FlagMultiQueue = 0x0100;
    private const ushort FlagNoPacketInformation = 0x1000;
    private const ushort FlagHeader = 0x4000;
    private const ushort FlagNew = 0x8000;

    private const uint OffloadChecksum = 0x01;
    private const uint OffloadTcpV4 = 0x02;
    private const uint OffloadTcpV6 = 0x04;
    private const uint OffloadEcn = 0x08;
    private const uint OffloadUdpV4 = 0x20;
    private const uint OffloadUdpV6 = 0x40;

    private const int NameLength = TapOptions.LongestName + 1;
    private const int FlagsOffset = NameLength;
    private const int MostRenames = 8;
    private const int RequestLength = 40;

    /// <summary>Opens a TAP as asked, in the namespace asked for, and sets its interface up.</summary>
    /// <param name="options">What is wanted.</param>
    /// <returns>The TAP.</returns>
    /// <exception cref="LinkException">The host refuses.</exception>
    internal static OpenTap Open(TapOptions options) => NetworkNamespace.Run(options.Namespace, () => OpenHere(options));

    /// <summary>Finds the interface of a TAP again, which somebody has moved to another namespace.</summary>
    /// <returns>Null when it is there no more, or may not be followed.</returns>
    internal static LinkMonitor? Follow(SafeFileHandle queue)
    {
        try
        {
            // Who moves an interface often renames it next, and may do so between the question for its name and that for its number.
            LinkMonitor? monitor = null;
            byte* request = stackalloc byte[RequestLength];
            for (int attempt = 0; monitor is null && attempt < MostRenames; attempt++)
            {
                // SAFETY: struct ifreq on our own stack.
                if (Native.Ioctl(queue, GetInterface, request) != 0)
                    return null;
                string name = Marshal.PtrToStringUTF8((nint)request) ?? "";
                using SafeFileHandle space = new(Native.Ioctl(queue, GetNamespace, (nuint)0), ownsHandle: true);
                if (space.IsInvalid)
                    return null;
                monitor = NetworkNamespace.Run(space, "of " + name, () => Native.InterfaceIndex(name) is uint index and not 0 ? new LinkMonitor((int)index) : null);
            }

            return monitor;
        }
        catch (LinkException)
        {
            return null;
        }
    }

    /// <summary>Plugs the cable into the interface, or pulls it.</summary>
    /// <returns>False when the kernel is too old for that (before 5.0) or the device is gone.</returns>
    internal static bool SetCarrier(SafeFileHandle queue, bool on)
    {
        int value = on ? 1 : 0;
        // SAFETY: the kernel reads an int of our own stack.
        return Native.Ioctl(queue, SetCarrierState, &value) == 0;
    }

    private static OpenTap OpenHere(TapOptions options)
    {
        FrameOffloads accepts = FrameOffloads.None;
        int before = (int)Native.InterfaceIndex(options.Interface);
        SafeFileHandle[] queues = new SafeFileHandle[options.Queues];
        try
        {
            for (int i = 0; i < queues.Length; i++)
            {
                queues[i] = OpenQueue(options, isNew: before == 0 && i == 0);
                accepts = Negotiate(queues[i], options);
            }

            SetUp(options);
            return new OpenTap(queues, accepts, new LinkMonitor((int)Native.InterfaceIndex(options.Interface)));
        }
        catch
        {
            foreach (SafeFileHandle? queue in queues)
                queue?.Dispose();
            throw;
        }
    }

    private static SafeFileHandle OpenQueue(TapOptions options, bool isNew)
    {
        SafeFileHandle queue = Native.Open(Path, Native.OpenReadWrite | Native.OpenNonblock | Native.OpenCloexec);
        if (queue.IsInvalid)
        {
            throw new LinkException(Marshal.GetLastPInvokeError() switch
            {
                Native.Enoent or Native.Enodev or Native.Enxio => $"TAP {options.Interface}: the host has no {Path}; load the module 'tun', or give the container that device",
                Native.Eacces or Native.Eperm => $"TAP {options.Interface}: {Path} may not be opened; run fabric as root, or let this user open it",
                int error => $"TAP {options.Interface}: {Path} cannot be opened: {Marshal.GetPInvokeErrorMessage(error)}",
            });
        }

        ushort flags = FlagTap | FlagNoPacketInformation | FlagHeader;
        if (isNew)
            flags |= FlagNew;
        if (options.Queues > 1)
            flags |= FlagMultiQueue;
        int refused = Attach(queue, options.Interface, flags);
        // A persistent TAP that was made with many queues is attached to in that form only.
        if (refused == Native.Einval && !isNew && options.Queues == 1)
            refused = Attach(queue, options.Interface, (ushort)(flags | FlagMultiQueue));
        if (refused == 0)
            return queue;
        queue.Dispose();
        throw new LinkException(Explain(refused, options, isNew));
    }

    private static int Attach(SafeFileHandle queue, string name, ushort flags)
    {
        byte* request = stackalloc byte[RequestLength];
        Span<byte> bytes = new(request, RequestLength);
        bytes.Clear();
        Encoding.ASCII.GetBytes(name, bytes[..TapOptions.LongestName]);
        MemoryMarshal.Write(bytes[FlagsOffset..], flags);
        // SAFETY: struct ifreq has 40 bytes on 64-bit hosts.
        return Native.Ioctl(queue, SetInterface, request) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    private static string Explain(int error, TapOptions options, bool isNew) => error switch
    {
        Native.Eperm or Native.Eacces when isNew =>
            $"TAP {options.Interface}: no right to make one; run fabric as root (CAP_NET_ADMIN), or have one made for this user: ip tuntap add dev {options.Interface} mode tap user $USER",
        Native.Eperm or Native.Eacces => $"TAP {options.Interface}: it belongs to another user; run fabric as root or as its owner",
        Native.Ebusy when isNew => $"TAP {options.Interface}: an interface of that name exists; choose another name",
        Native.Ebusy => $"TAP {options.Interface}: another program has it open; end that program or choose another name",
        Native.Einval when !isNew && options.Queues > 1 =>
            $"TAP {options.Interface}: the interface exists and is no TAP with many queues; choose another name, or make it with: ip tuntap add dev {options.Interface} mode tap multi_queue",
        Native.Einval when !isNew => $"TAP {options.Interface}: the interface exists and is no TAP; choose another name",
        Native.Einval => $"TAP {options.Interface}: no name for an interface",
        _ => $"TAP {options.Interface}: the host refuses: {Marshal.GetPInvokeErrorMessage(error)}",
    };

    private static FrameOffloads Negotiate(SafeFileHandle queue, TapOptions options)
    {
        int length = HeaderLength;
        // SAFETY: the kernel reads an int of our own stack.
        if (Native.Ioctl(queue, SetHeaderLength, &length) != 0)
            throw new LinkException($"TAP {options.Interface}: the host cannot put offload headers before frames: {Marshal.GetLastPInvokeErrorMessage()}; it needs Linux 2.6.27 or later");
        uint tcp = OffloadChecksum | OffloadTcpV4 | OffloadTcpV6 | OffloadEcn;
        const FrameOffloads Tcp = FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpV6 | FrameOffloads.Ecn;
        if (options.Offloads && Native.Ioctl(queue, SetOffload, tcp | OffloadUdpV4 | OffloadUdpV6) == 0)
            return Tcp | FrameOffloads.Udp;
        // UDP came with Linux 6.2.
        if (options.Offloads && Native.Ioctl(queue, SetOffload, tcp) == 0)
            return Tcp;
        // A persistent TAP remembers what the last program asked for.
        if (Native.Ioctl(queue, SetOffload, (nuint)0) != 0)
            throw new LinkException($"TAP {options.Interface}: the host will not change its offloads: {Marshal.GetLastPInvokeErrorMessage()}");
        return FrameOffloads.None;
    }

    private static void SetUp(TapOptions options)
    {
        if (options is { Mtu: null, Mac: null, Address: null, SetUp: false })
            return;
        string step = "set up";
        try
        {
            int index = (int)Native.InterfaceIndex(options.Interface);
            using RouteSocket route = new();
            if (options.Mtu is not null || options.Mac is not null)
            {
                step = "given its MTU or MAC";
                route.SetLink(index, options.Mtu, options.Mac, up: false);
            }

            if (options.Address is { } address)
            {
                step = $"given the address {address}";
                route.AddAddress(index, address);
            }

            step = "set up";
            if (options.SetUp)
                route.SetLink(index, null, null, up: true);
        }
        catch (LinkException refused)
        {
            throw new LinkException($"TAP {options.Interface} cannot be {step}: {refused.Message}");
        }
    }

    /// <summary>A TAP that was opened.</summary>
    /// <param name="Queues">Its queues.</param>
    /// <param name="Accepts">What may be written to it.</param>
    /// <param name="Monitor">Follows its interface.</param>
    internal sealed record OpenTap(SafeFileHandle[] Queues, FrameOffloads Accepts, LinkMonitor Monitor);
}
