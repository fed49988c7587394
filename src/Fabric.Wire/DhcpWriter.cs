using System.Buffers.Binary;

namespace Fabric.Wire;

/// <summary>Writes a DHCP message (RFC 2131, 2): the fixed part first, then options in the order they are added.</summary>
/// <remarks>The caller gives enough room: 240 bytes, the options, and at least 300 in all, which is what old servers expect at least.</remarks>
public ref struct DhcpWriter
{
    private const int MinLength = 300;
    private readonly Span<byte> _message;
    private int _length;

    /// <summary>Writes the fixed part and the message type.</summary>
    /// <param name="message">At least <see cref="DhcpView.OptionsOffset"/> bytes and what the options need.</param>
    /// <param name="isRequest">From a client.</param>
    /// <param name="type">Option 53.</param>
    /// <param name="transactionId">xid.</param>
    /// <param name="seconds">Since the client began.</param>
    /// <param name="clientMac">chaddr.</param>
    public DhcpWriter(Span<byte> message, bool isRequest, DhcpMessageType type, uint transactionId, ushort seconds, MacAddress clientMac)
    {
        _message = message;
        _message.Clear();
        _message[0] = isRequest ? (byte)1 : (byte)2;
        _message[1] = DhcpView.HardwareEthernet;
        _message[2] = MacAddress.Length;
        BinaryPrimitives.WriteUInt32BigEndian(_message[4..], transactionId);
        BinaryPrimitives.WriteUInt16BigEndian(_message[8..], seconds);
        clientMac.CopyTo(_message[28..]);
        BinaryPrimitives.WriteUInt32BigEndian(_message[(DhcpView.OptionsOffset - sizeof(uint))..], DhcpView.Magic);
        _length = DhcpView.OptionsOffset;
        Add(DhcpOption.MessageType, [(byte)type]);
    }

    /// <summary>Bytes left for options, numbers and lengths included.</summary>
    public readonly int Room => _message.Length - _length - 1;

    /// <summary>Asks for answers by broadcast.</summary>
    public readonly void SetBroadcast() => _message[10] = 0x80;

    /// <summary>Sets ciaddr.</summary>
    /// <param name="address">IPv4.</param>
    public readonly void SetClientAddress(IpAddress address) => address.CopyTo(_message[12..]);

    /// <summary>Sets yiaddr.</summary>
    /// <param name="address">IPv4.</param>
    public readonly void SetYourAddress(IpAddress address) => address.CopyTo(_message[16..]);

    /// <summary>Sets giaddr.</summary>
    /// <param name="address">IPv4.</param>
    public readonly void SetRelayAddress(IpAddress address) => address.CopyTo(_message[24..]);

    /// <summary>Adds an option.</summary>
    /// <param name="option">Its number.</param>
    /// <param name="value">Up to 255 bytes.</param>
    public void Add(DhcpOption option, scoped ReadOnlySpan<byte> value)
    {
        _message[_length] = (byte)option;
        _message[_length + 1] = (byte)value.Length;
        value.CopyTo(_message[(_length + 2)..]);
        _length += 2 + value.Length;
    }

    /// <summary>Adds an option that holds an address.</summary>
    /// <param name="option">Its number.</param>
    /// <param name="address">IPv4.</param>
    public void Add(DhcpOption option, IpAddress address)
    {
        Span<byte> value = stackalloc byte[4];
        address.CopyTo(value);
        Add(option, value);
    }

    /// <summary>Adds an option that holds a 32-bit number.</summary>
    /// <param name="option">Its number.</param>
    /// <param name="number">The number.</param>
    public void Add(DhcpOption option, uint number)
    {
        Span<byte> value = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(value, number);
        Add(option, value);
    }

    /// <summary>Ends the options.</summary>
    /// <returns>Bytes of the message, filled up to 300.</returns>
    public int Finish()
    {
        _message[_length++] = (byte)DhcpOption.End;
        return Math.Max(_length, Math.Min(MinLength, _message.Length));
    }
}
