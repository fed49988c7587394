using System.Net.Sockets;

namespace Fabric.Nbd.Tests;

/// <summary>A server that negotiates like an honest one (8 MiB, structured replies, base:allocation) and then answers each request with whatever
/// the test says; the connection ends after it.</summary>
internal sealed class HostileServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly TemporaryFolder _folder = new();
    private readonly Thread _thread;

    public HostileServer(Action<Conversation> answer, Func<byte[], byte[]>? spoil = null)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(_folder["s"]));
        _listener.Listen();
        _thread = new Thread(() => Serve(answer, spoil ?? (bytes => bytes))) { IsBackground = true };
        _thread.Start();
    }

    public string Uri => $"nbd+unix:///?socket={_folder["s"]}";

    public void Dispose()
    {
        _listener.Dispose();
        _thread.Join();
        _folder.Dispose();
    }

    private void Serve(Action<Conversation> answer, Func<byte[], byte[]> spoil)
    {
        try
        {
            while (true)
            {
                using Socket client = _listener.Accept();
                Converse(new Conversation(client), answer, spoil);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // Closed: the test is over.
        }
    }

    private static void Converse(Conversation client, Action<Conversation> answer, Func<byte[], byte[]> spoil)
    {
        try
        {
            client.Put([.. "NBDMAGICIHAVEOPT"u8, 0, 3], spoil);
            client.Take(4);
            while (true)
            {
                byte[] header = client.Take(16);
                uint option = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(8));
                client.Take(System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(12)));
                byte[] content = option switch
                {
                    10 => [.. Reply(option, 4, [0, 0, 0, 1, .. "base:allocation"u8]), .. Reply(option, 1, [])],
                    7 => [.. Reply(option, 3, [0, 0, .. WireClient.Big(8ul << 20), 0, 0xff]), .. Reply(option, 1, [])],
                    _ => Reply(option, 1, []),
                };
                client.Put(content, spoil);
                if (option == 7)
                    break;
            }

            client.Request = client.Take(28);
            answer(client);
        }
        catch (Exception gone) when (gone is SocketException or EndOfStreamException)
        {
            // The client would not have it.
        }
    }

    private static byte[] Reply(uint option, uint type, byte[] data) =>
        [.. WireClient.Big(0x3e889045565a9ul), .. WireClient.Big(option), .. WireClient.Big(type), .. WireClient.Big((uint)data.Length), .. data];

    /// <summary>The server's end of a connection.</summary>
    internal sealed class Conversation(Socket socket)
    {
        public byte[] Request { get; set; } = [];

        public byte[] Cookie => Request[8..16];

        public void Put(byte[] bytes) => socket.Send(bytes);

        /// <summary>Sends what is made of the bytes; when that is something else, it is the last, so that nobody waits for the rest.</summary>
        public void Put(byte[] bytes, Func<byte[], byte[]> spoil)
        {
            byte[] spoiled = spoil(bytes);
            Put(spoiled);
            if (!spoiled.AsSpan().SequenceEqual(bytes))
                socket.Shutdown(SocketShutdown.Send);
        }

        public byte[] Take(int count)
        {
            byte[] bytes = new byte[count];
            for (int done = 0; done < count;)
            {
                int got = socket.Receive(bytes.AsSpan(done));
                if (got == 0)
                    throw new EndOfStreamException();
                done += got;
            }

            return bytes;
        }

        public void PutChunk(ushort flags, ushort type, byte[] cookie, uint length, byte[] data) =>
            Put([.. WireClient.Big(0x668e33efu), .. WireClient.Big(flags), .. WireClient.Big(type), .. cookie, .. WireClient.Big(length), .. data]);
    }
}
