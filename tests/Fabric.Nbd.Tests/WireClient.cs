using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Fabric.Nbd.Tests;

/// <summary>A client that writes bytes by hand, from the protocol's text rather than from the code under test, and may lie.</summary>
internal sealed class WireClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public WireClient(string path, uint flags = 3)
    {
        _socket.Connect(new UnixDomainSocketEndPoint(path));
        _socket.ReceiveTimeout = _socket.SendTimeout = 20_000;
        byte[] greeting = Take(18);
        Assert.Equal("NBDMAGICIHAVEOPT", Encoding.ASCII.GetString(greeting, 0, 16));
        Put(Big(flags));
    }

    public Socket Socket => _socket;

    public static byte[] Big(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    public static byte[] Big(ulong value) => [.. Big((uint)(value >> 32)), .. Big((uint)value)];

    public static byte[] Big(ushort value) => [(byte)(value >> 8), (byte)value];

    public static byte[] Text(string text) => [.. Big((uint)text.Length), .. Encoding.ASCII.GetBytes(text)];

    public void Put(params ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[_socket.Send(bytes)..];
    }

    public byte[] Take(int count)
    {
        byte[] bytes = new byte[count];
        for (int done = 0; done < count;)
        {
            int got = _socket.Receive(bytes.AsSpan(done));
            Assert.True(got > 0, $"the server closed after {done} of {count} bytes");
            done += got;
        }

        return bytes;
    }

    /// <summary>True when the server closes without another byte.</summary>
    public bool IsClosed()
    {
        try
        {
            return _socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }

    public void PutOption(uint option, params ReadOnlySpan<byte> data) => Put([.. "IHAVEOPT"u8, .. Big(option), .. Big((uint)data.Length), .. data]);

    public (uint Answer, byte[] Data) TakeOptionReply(uint option)
    {
        byte[] header = Take(20);
        Assert.Equal(0x3e889045565a9UL, BinaryPrimitives.ReadUInt64BigEndian(header));
        Assert.Equal(option, BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8)));
        return (BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12)), Take((int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16))));
    }

    /// <summary>The last answer to an option, behind any informational ones.</summary>
    public uint LastAnswer(uint option)
    {
        while (true)
        {
            uint answer = TakeOptionReply(option).Answer;
            if (answer is 1 or >= 0x80000000)
                return answer;
        }
    }

    /// <summary>Goes on to the transmission phase with simple replies.</summary>
    public void Go(string export = "", bool structured = false, bool allocation = false)
    {
        if (structured)
        {
            PutOption(8);
            Assert.Equal(1u, LastAnswer(8));
        }

        if (allocation)
        {
            PutOption(10, [.. Text(export), .. Big(1u), .. Text("base:allocation")]);
            Assert.Equal(1u, LastAnswer(10));
        }

        PutOption(7, [.. Text(export), 0, 0]);
        Assert.Equal(1u, LastAnswer(7));
    }

    public void PutRequest(ushort type, ulong cookie, ulong offset = 0, uint length = 0, ushort flags = 0) =>
        Put([.. Big(0x25609513u), .. Big(flags), .. Big(type), .. Big(cookie), .. Big(offset), .. Big(length)]);

    public (uint Error, ulong Cookie) TakeSimple()
    {
        byte[] reply = Take(16);
        Assert.Equal(0x67446698u, BinaryPrimitives.ReadUInt32BigEndian(reply));
        return (BinaryPrimitives.ReadUInt32BigEndian(reply.AsSpan(4)), BinaryPrimitives.ReadUInt64BigEndian(reply.AsSpan(8)));
    }

    public (ushort Flags, ushort Type, ulong Cookie, byte[] Data) TakeChunk()
    {
        byte[] header = Take(20);
        Assert.Equal(0x668e33efu, BinaryPrimitives.ReadUInt32BigEndian(header));
        return (BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4)), BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(6)),
            BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(8)), Take((int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16))));
    }

    public void Dispose() => _socket.Dispose();
}
