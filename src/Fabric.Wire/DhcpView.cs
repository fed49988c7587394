using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>A DHCP message over Ethernet (RFC 2131, 2; options: RFC 2132).</summary>
/// <remarks>
/// <para><see cref="TryParse"/> checks the fixed part, the magic cookie and that every option fits; then no accessor can fail. Options
/// that continue in the file and server name fields (option 52) are found there too. An option that comes twice counts with its first
/// part only.</para>
/// <para>The view does not own its bytes.</para>
/// </remarks>
public readonly ref struct DhcpView
{
    /// <summary>UDP port of servers.</summary>
    public const ushort ServerPort = 67;

    /// <summary>UDP port of clients.</summary>
    public const ushort ClientPort = 68;

    /// <summary>Bytes up to the options: the fixed part and the magic cookie.</summary>
    public const int OptionsOffset = 240;

    internal const uint Magic = 0x6382_5363;
    internal const byte HardwareEthernet = 1;
    private const int ServerNameOffset = 44;
    private const int FileOffset = 108;
    private const int FileEnd = 236;
    private const byte OverloadFile = 1;
    private const byte OverloadServerName = 2;
    private readonly ReadOnlySpan<byte> _message;
    private readonly byte _overload;

    private DhcpView(ReadOnlySpan<byte> message, byte overload)
    {
        _message = message;
        _overload = overload;
    }

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Bytes => _message;

    /// <summary>op: from a client (BOOTREQUEST), not from a server (BOOTREPLY).</summary>
    public bool IsRequest => _message[0] == 1;

    /// <summary>xid: which exchange the message belongs to.</summary>
    public uint TransactionId => BinaryPrimitives.ReadUInt32BigEndian(_message[4..]);

    /// <summary>True when the client wants its answers broadcast.</summary>
    public bool WantsBroadcast => (_message[10] & 0x80) != 0;

    /// <summary>ciaddr: the client's address, if it has one.</summary>
    public IpAddress ClientAddress => IpAddress.ReadV4(_message[12..]);

    /// <summary>yiaddr: the address that the client gets.</summary>
    public IpAddress YourAddress => IpAddress.ReadV4(_message[16..]);

    /// <summary>giaddr: the relay agent on the client's link, if one has passed the message on.</summary>
    public IpAddress RelayAddress => IpAddress.ReadV4(_message[24..]);

    /// <summary>chaddr: the client's Ethernet address.</summary>
    public MacAddress ClientMac => MacAddress.Read(_message[28..]);

    /// <summary>Option 53.</summary>
    public DhcpMessageType MessageType => TryFind(DhcpOption.MessageType, out ReadOnlySpan<byte> value) && value.Length == 1 ? (DhcpMessageType)value[0] : DhcpMessageType.None;

    /// <summary>Checks a message.</summary>
    /// <param name="bytes">The payload of a UDP datagram.</param>
    /// <param name="view">The view.</param>
    /// <returns>False when it is cut off, not DHCP over Ethernet, or an option does not fit.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out DhcpView view)
    {
        view = default;
        if (bytes.Length < OptionsOffset || bytes[0] is not (1 or 2) || bytes[1] != HardwareEthernet || bytes[2] != MacAddress.Length)
            return false;
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[(OptionsOffset - sizeof(uint))..]) != Magic || !AreValid(bytes[OptionsOffset..]))
            return false;
        byte overload = TryFind(bytes[OptionsOffset..], DhcpOption.Overload, out ReadOnlySpan<byte> value) && value.Length == 1 ? value[0] : (byte)0;
        if ((overload & OverloadFile) != 0 && !AreValid(bytes[FileOffset..FileEnd]))
            return false;
        if ((overload & OverloadServerName) != 0 && !AreValid(bytes[ServerNameOffset..FileOffset]))
            return false;
        view = new DhcpView(bytes, overload);
        return true;
    }

    /// <summary>Finds an option: in the options field, then in the file field, then in the server name field (RFC 2131, 4.1).</summary>
    /// <param name="option">Its number.</param>
    /// <param name="value">Its bytes, without number and length.</param>
    public bool TryFind(DhcpOption option, out ReadOnlySpan<byte> value)
    {
        if (TryFind(_message[OptionsOffset..], option, out value))
            return true;
        if ((_overload & OverloadFile) != 0 && TryFind(_message[FileOffset..FileEnd], option, out value))
            return true;
        return (_overload & OverloadServerName) != 0 && TryFind(_message[ServerNameOffset..FileOffset], option, out value);
    }

    /// <summary>Finds an option that holds an IPv4 address, or several of which the first counts.</summary>
    /// <param name="option">Its number.</param>
    /// <param name="address">The address.</param>
    public bool TryFindAddress(DhcpOption option, out IpAddress address)
    {
        bool found = TryFind(option, out ReadOnlySpan<byte> value) && value.Length >= 4;
        address = found ? IpAddress.ReadV4(value) : IpAddress.AnyV4;
        return found;
    }

    /// <summary>Finds an option that holds a 32-bit number.</summary>
    /// <param name="option">Its number.</param>
    /// <param name="number">The number.</param>
    public bool TryFindNumber(DhcpOption option, out uint number)
    {
        bool found = TryFind(option, out ReadOnlySpan<byte> value) && value.Length == sizeof(uint);
        number = found ? BinaryPrimitives.ReadUInt32BigEndian(value) : 0;
        return found;
    }

    private static bool AreValid(ReadOnlySpan<byte> options)
    {
        while (!options.IsEmpty && options[0] != (byte)DhcpOption.End)
        {
            int length = options[0] == (byte)DhcpOption.Pad ? 1 : options.Length < 2 ? int.MaxValue : 2 + options[1];
            if (length > options.Length)
                return false;
            options = options[length..];
        }

        return true;
    }

    private static bool TryFind(ReadOnlySpan<byte> options, DhcpOption wanted, out ReadOnlySpan<byte> value)
    {
        value = default;
        while (!options.IsEmpty && options[0] != (byte)DhcpOption.End)
        {
            // Padding is an octet alone, without a length.
            if (options[0] == (byte)wanted && wanted != DhcpOption.Pad)
            {
                value = options.Slice(2, options[1]);
                return true;
            }

            options = options[(options[0] == (byte)DhcpOption.Pad ? 1 : 2 + options[1])..];
        }

        return false;
    }
}
