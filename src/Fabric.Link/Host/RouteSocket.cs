using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Fabric.Wire;
using Microsoft.Win32.SafeHandles;

namespace Fabric.Link.Host;

/// <summary>Sets up interfaces of the network namespace it was opened in (rtnetlink(7)).</summary>
/// <remarks>All fields of these messages are in host byte order, addresses apart. One thread at a time; each request waits for the
/// kernel's answer.</remarks>
internal sealed unsafe class RouteSocket : IDisposable
{
    private const int NetlinkFamily = 16;
    private const int RawSocket = 3;
    private const int CloseOnExec = 0x80000;
    private const int NetlinkLevel = 270;
    private const int ExtendedAnswers = 11;

    private const ushort NewLink = 16;
    private const ushort NewAddress = 20;
    private const ushort FlagRequest = 1;
    private const ushort FlagAnswer = 4;
    private const ushort FlagReplace = 0x100;
    private const ushort FlagCreate = 0x400;

    private const ushort LinkAddress = 1;
    private const ushort LinkMtu = 4;
    private const uint InterfaceUp = 1;
    private const ushort AddressAddress = 1;
    private const ushort AddressLocal = 2;
    private const byte AddressNoDuplicateCheck = 2;

    private const int HeaderLength = 16;
    private const int ErrorOffset = HeaderLength;
    private const ushort ErrorType = 2;
    private const ushort ErrorMessageAttribute = 1;

    private readonly SafeFileHandle _socket;
    private readonly byte[] _buffer = new byte[4096];
    private int _length;

    internal RouteSocket()
    {
        _socket = Native.Socket(NetlinkFamily, RawSocket | CloseOnExec, 0);
        if (_socket.IsInvalid)
            throw new LinkException($"the host refuses a netlink socket: {Marshal.GetLastPInvokeErrorMessage()}");
        int one = 1;
        // SAFETY: four bytes of our own stack. Without this option answers merely lack their text.
        _ = Native.SetSocketOption(_socket, NetlinkLevel, ExtendedAnswers, &one, sizeof(int));
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Changes an interface.</summary>
    /// <param name="index">Its index.</param>
    /// <param name="mtu">Bytes of payload in a frame; null to leave it.</param>
    /// <param name="mac">Station address; null to leave it.</param>
    /// <param name="up">True to set it up; false to leave it.</param>
    /// <exception cref="LinkException">The kernel refuses.</exception>
    internal void SetLink(int index, int? mtu, MacAddress? mac, bool up)
    {
        Span<byte> body = Begin(NewLink, 0, 16);
        MemoryMarshal.Write(body[4..], index);
        MemoryMarshal.Write(body[8..], up ? InterfaceUp : 0);
        MemoryMarshal.Write(body[12..], up ? InterfaceUp : 0);
        if (mtu is int bytes)
            MemoryMarshal.Write(Attribute(LinkMtu, sizeof(int)), bytes);
        if (mac is { } station)
            station.CopyTo(Attribute(LinkAddress, MacAddress.Length));
        Exchange();
    }

    /// <summary>Gives an interface an address, usable at once.</summary>
    /// <param name="index">Index of the interface.</param>
    /// <param name="address">The address.</param>
    /// <exception cref="LinkException">The kernel refuses.</exception>
    internal void AddAddress(int index, InterfaceAddress address)
    {
        bool isV6 = address.Address.AddressFamily == AddressFamily.InterNetworkV6;
        Span<byte> body = Begin(NewAddress, FlagCreate | FlagReplace, 8);
        body[0] = isV6 ? (byte)10 : (byte)2;
        body[1] = (byte)address.PrefixLength;
        body[2] = isV6 ? AddressNoDuplicateCheck : (byte)0;
        MemoryMarshal.Write(body[4..], index);
        byte[] bytes = address.Address.GetAddressBytes();
        bytes.CopyTo(Attribute(AddressLocal, bytes.Length));
        bytes.CopyTo(Attribute(AddressAddress, bytes.Length));
        Exchange();
    }

    private Span<byte> Begin(ushort type, int flags, int bodyLength)
    {
        Array.Clear(_buffer);
        MemoryMarshal.Write(_buffer.AsSpan(4), type);
        MemoryMarshal.Write(_buffer.AsSpan(6), (ushort)(FlagRequest | FlagAnswer | flags));
        _length = HeaderLength + bodyLength;
        return _buffer.AsSpan(HeaderLength, bodyLength);
    }

    private Span<byte> Attribute(ushort type, int length)
    {
        MemoryMarshal.Write(_buffer.AsSpan(_length), (ushort)(4 + length));
        MemoryMarshal.Write(_buffer.AsSpan(_length + 2), type);
        Span<byte> value = _buffer.AsSpan(_length + 4, length);
        _length += (4 + length + 3) & ~3;
        return value;
    }

    private void Exchange()
    {
        MemoryMarshal.Write(_buffer, _length);
        nint received;
        fixed (byte* buffer = _buffer)
        {
            // SAFETY: the buffer is pinned and holds _length bytes of request, then _buffer.Length bytes of answer.
            if (Native.Write(_socket, buffer, _length) != _length)
                throw new LinkException(Marshal.GetLastPInvokeErrorMessage());
            do
                received = Native.ReceiveFrom(_socket, buffer, _buffer.Length, 0);
            while (received < 0 && Marshal.GetLastPInvokeError() == Native.Eintr);
        }

        if (received < ErrorOffset + sizeof(int) || MemoryMarshal.Read<ushort>(_buffer.AsSpan(4)) != ErrorType)
            throw new LinkException("the kernel's netlink answer is not understood");
        int error = -MemoryMarshal.Read<int>(_buffer.AsSpan(ErrorOffset));
        if (error != 0)
            throw new LinkException(Explain(error, _buffer.AsSpan(0, (int)received)));
    }

    /// <summary>The text of an extended answer: attributes behind the error and the header of the request (or all of the request).</summary>
    private static string Explain(int error, ReadOnlySpan<byte> answer)
    {
        const ushort Capped = 0x100;
        string text = Marshal.GetPInvokeErrorMessage(error);
        int request = ErrorOffset + sizeof(int);
        if (answer.Length < request + HeaderLength)
            return text;
        bool isCapped = (MemoryMarshal.Read<ushort>(answer[6..]) & Capped) != 0;
        int at = request + (isCapped ? HeaderLength : (MemoryMarshal.Read<int>(answer[request..]) + 3) & ~3);
        while (at >= 0 && at + 4 <= answer.Length)
        {
            int length = MemoryMarshal.Read<ushort>(answer[at..]);
            if (length < 4 || at + length > answer.Length)
                break;
            if (MemoryMarshal.Read<ushort>(answer[(at + 2)..]) == ErrorMessageAttribute)
                return $"{text} ({Encoding.UTF8.GetString(answer.Slice(at + 4, length - 4)).TrimEnd('\0')})";
            at += (length + 3) & ~3;
        }

        return text;
    }
}
