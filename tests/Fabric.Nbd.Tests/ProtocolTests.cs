using Fabric.TestKit.Disks;

namespace Fabric.Nbd.Tests;

/// <summary>What the protocol's text asks of a server, spoken byte by byte.</summary>
public class ProtocolTests
{
    private const uint Unsupported = 0x80000001, Invalid = 0x80000003, Unknown = 0x80000006, TooBig = 0x80000009;
    private const ushort Read = 0, Write = 1, Disconnect = 2, Flush = 3, Trim = 4, Cache = 5, Zeroes = 6, Status = 7;
    private const uint Eperm = 1, Eio = 5, Einval = 22, Enospc = 28, Eoverflow = 75, Enotsup = 95;

    [Fact]
    public void Options_are_answered_as_the_protocol_says()
    {
        using ServedImage served = new(new MemoryDisk(1 << 20), export: "data");
        using WireClient client = new(served.SocketPath);
        client.PutOption(4711, 1, 2, 3);
        Assert.Equal(Unsupported, client.LastAnswer(4711));
        client.PutOption(5);
        Assert.Equal(Unsupported, client.LastAnswer(5));
        client.PutOption(3, 1);
        Assert.Equal(Invalid, client.LastAnswer(3));
        client.PutOption(6, new byte[100_000]);
        Assert.Equal(TooBig, client.LastAnswer(6));
        client.PutOption(6, [.. WireClient.Text("other"), 0, 0]);
        Assert.Equal(Unknown, client.LastAnswer(6));
        client.PutOption(7, [.. WireClient.Big(4000u), 1, 2]);
        Assert.Equal(Invalid, client.LastAnswer(7));
        client.PutOption(10, [.. WireClient.Text("data"), .. WireClient.Big(1u), .. WireClient.Text("base:allocation")]);
        Assert.Equal(Invalid, client.LastAnswer(10)); // before STRUCTURED_REPLY
        client.PutOption(3);
        (uint answer, byte[] entry) = client.TakeOptionReply(3);
        Assert.Equal(2u, answer);
        Assert.Equal([.. WireClient.Text("data"), .. "a test"u8], entry);
        Assert.Equal(1u, client.LastAnswer(3));
        client.PutOption(2);
        Assert.Equal(1u, client.LastAnswer(2));
        Assert.True(client.IsClosed());
    }

    [Theory]
    [InlineData(3, 10)]
    [InlineData(1, 134)]
    public void The_oldest_way_to_choose_works(uint flags, int length)
    {
        using ServedImage served = new(new MemoryDisk(1 << 20));
        using WireClient client = new(served.SocketPath, flags);
        client.PutOption(1);
        byte[] reply = client.Take(length);
        Assert.Equal(WireClient.Big(1ul << 20), reply[..8]);
        client.PutRequest(Read, 9, 0, 10);
        Assert.Equal((0u, 9ul), client.TakeSimple());
        client.Take(10);
        client.PutRequest(Disconnect, 0);
        Assert.True(client.IsClosed());
    }

    [Fact]
    public void A_context_holds_only_for_the_export_it_was_set_for()
    {
        using MemoryDisk disk = new(1 << 20);
        using TemporaryFolder folder = new();
        using NbdServer server = NbdServer.Listen(new System.Net.Sockets.UnixDomainSocketEndPoint(folder["s"]), [new NbdExport("a", disk), new NbdExport("b", disk)]);
        using WireClient client = new(folder["s"]);
        client.PutOption(8);
        Assert.Equal(1u, client.LastAnswer(8));
        client.PutOption(10, [.. WireClient.Text("a"), .. WireClient.Big(1u), .. WireClient.Text("base:allocation")]);
        Assert.Equal(1u, client.LastAnswer(10));
        client.Go("b");
        client.PutRequest(Status, 1, 0, 4096);
        Assert.Equal(0x8001, client.TakeChunk().Type);
    }

    [Fact]
    public void Requests_that_make_no_sense_get_the_error_the_protocol_names()
    {
        using MemoryDisk disk = new(1 << 20);
        using ServedImage served = new(disk);
        using WireClient client = new(served.SocketPath);
        client.Go();
        Expect(client, Read, Einval, offset: 1 << 20, length: 1);
        Expect(client, Read, Einval, offset: ulong.MaxValue, length: 1);
        Expect(client, Read, Einval, length: (32 << 20) + 1);
        Expect(client, Read, Einval, length: 1, flags: 4);      // DF without structured replies
        Expect(client, Trim, Enospc, offset: 1 << 20, length: 1);
        Expect(client, Zeroes, Enospc, offset: 4096, length: 1 << 20);
        Expect(client, Zeroes, Enotsup, length: 4096, flags: 16 | 2);
        Expect(client, Cache, Einval, offset: 1, length: 1 << 20);
        Expect(client, Status, Einval, length: 4096);            // no context
        Expect(client, 77, Einval);
        Expect(client, Flush, Einval, flags: 0x8000);
        client.PutRequest(Write, 3, (1 << 20) - 1, 2);
        client.Put(1, 2);
        Assert.Equal((Enospc, 3ul), client.TakeSimple());
        client.PutRequest(Write, 4, 0, (32 << 20) + 1);
        for (int i = 0; i < 32; i++)
            client.Put(new byte[1 << 20]);
        client.Put(1);
        Assert.Equal((Einval, 4ul), client.TakeSimple());
        disk.Fault = Fabric.Disk.DiskStatus.IoError;
        Expect(client, Read, Eio, length: 1);
        Expect(client, Flush, Eio);
        disk.Fault = Fabric.Disk.DiskStatus.NoSpace;
        Expect(client, Zeroes, Enospc, length: 1);
        disk.Fault = Fabric.Disk.DiskStatus.Ok;
        Expect(client, Flush, 0);
        Assert.Equal(3, served.Server.Counters.HostErrors);
        Assert.Equal(13, served.Server.Counters.Rejected);
    }

    [Fact]
    public void A_read_only_export_takes_no_change()
    {
        using ServedImage served = new(new MemoryDisk(1 << 20), readOnly: true);
        using WireClient client = new(served.SocketPath);
        client.Go();
        client.PutRequest(Write, 3, 0, 2);
        client.Put(1, 2);
        Assert.Equal((Eperm, 3ul), client.TakeSimple());
        Expect(client, Trim, Eperm, length: 1);
        Expect(client, Zeroes, Eperm, length: 1);
        Expect(client, Flush, 0);
    }

    [Fact]
    public void Structured_replies_carry_data_status_and_errors()
    {
        using MemoryDisk disk = new(40 << 20);
        new Random(5).NextBytes(disk.Bytes);
        using ServedImage served = new(disk);
        using WireClient client = new(served.SocketPath);
        client.Go(structured: true, allocation: true);
        Assert.Equal(disk.Bytes.Slice(100, 3_000_000).ToArray(), ReadChunks(client, 100, 3_000_000, flags: 0, out int chunks));
        Assert.True(chunks > 1);
        Assert.Equal(disk.Bytes.Slice(100, 3_000_000).ToArray(), ReadChunks(client, 100, 3_000_000, flags: 4, out chunks));
        Assert.Equal(1, chunks);
        client.PutRequest(Read, 8, 0, (32 << 20) + 1, flags: 4);
        Assert.Equal((1, 0x8001, 8ul, Eoverflow), Error(client.TakeChunk()));
        client.PutRequest(Read, 9, 40 << 20, 1);
        Assert.Equal((1, 0x8001, 9ul, Einval), Error(client.TakeChunk()));
        client.PutRequest(Status, 10, 4096, 8192, flags: 8);
        (ushort flags, ushort type, ulong cookie, byte[] data) = client.TakeChunk();
        Assert.Equal((1, 5, 10ul), (flags, type, cookie));
        Assert.Equal([.. WireClient.Big(1u), .. WireClient.Big(8192u), .. WireClient.Big(0u)], data);
        client.PutRequest(Status, 11, 0, 0);
        Assert.Equal((1, 0x8001, 11ul, Einval), Error(client.TakeChunk()));
    }

    [Fact]
    public void Long_and_short_writes_land_where_they_belong()
    {
        using MemoryDisk disk = new(40 << 20);
        using ServedImage served = new(disk);
        using WireClient client = new(served.SocketPath);
        client.Go();
        byte[] data = new byte[20 << 20];
        new Random(6).NextBytes(data);
        client.PutRequest(Write, 1, 12345, (uint)data.Length, flags: 1);
        client.Put(data);
        Assert.Equal((0u, 1ul), client.TakeSimple());
        Assert.Equal(1, disk.Flushes);
        client.PutRequest(Write, 2, 7, 1);
        client.Put(0xab);
        Assert.Equal((0u, 2ul), client.TakeSimple());
        Assert.Equal(0xab, disk.Bytes[7]);
        Assert.True(data.AsSpan().SequenceEqual(disk.Bytes.Slice(12345, data.Length)));
        client.PutRequest(Zeroes, 3, 12345, (uint)data.Length, flags: 2);
        Assert.Equal((0u, 3ul), client.TakeSimple());
        Assert.False(disk.Bytes.Slice(12345, data.Length).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void Garbage_instead_of_a_request_ends_the_connection()
    {
        using ServedImage served = new(new MemoryDisk(1 << 20));
        using WireClient client = new(served.SocketPath);
        client.Go();
        client.Put(new byte[28]);
        Assert.True(client.IsClosed());
        Assert.Equal(1, served.Server.Counters.BadRequests);
    }

    private static byte[] ReadChunks(WireClient client, ulong offset, uint length, ushort flags, out int chunks)
    {
        client.PutRequest(Read, 1, offset, length, flags);
        byte[] whole = new byte[length];
        for (chunks = 1; ; chunks++)
        {
            (ushort done, ushort type, ulong cookie, byte[] data) = client.TakeChunk();
            Assert.Equal((1, 1ul), (type, cookie));
            ulong at = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(data);
            data.AsSpan(8).CopyTo(whole.AsSpan((int)(at - offset)));
            if (done == 1)
                return whole;
        }
    }

    private static (int Flags, int Type, ulong Cookie, uint Error) Error((ushort Flags, ushort Type, ulong Cookie, byte[] Data) chunk) =>
        (chunk.Flags, chunk.Type, chunk.Cookie, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(chunk.Data));

    private static void Expect(WireClient client, ushort type, uint error, ulong offset = 0, uint length = 0, ushort flags = 0)
    {
        client.PutRequest(type, 42, offset, length, flags);
        Assert.Equal((error, 42ul), client.TakeSimple());
        if (type == Read && error == 0)
            client.Take((int)length);
    }
}
