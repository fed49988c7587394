using System.Net.Sockets;
using Fabric.Disk;
using Fabric.TestKit.Disks;

namespace Fabric.Nbd.Tests;

/// <summary>The life of a server: its socket, its clients, its end.</summary>
public class ServerTests
{
    [Fact]
    public void A_dead_servers_socket_is_replaced_and_a_live_one_refused()
    {
        using TemporaryFolder folder = new();
        using MemoryDisk disk = new(1 << 20);
        UnixDomainSocketEndPoint endPoint = new(folder["s"]);
        using (Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(endPoint);
            File.Move(folder["s"], folder["kept"]);
        }

        File.Move(folder["kept"], folder["s"]);
        using (NbdServer server = NbdServer.Listen(endPoint, [new NbdExport("", disk)]))
        {
            DiskException refused = Assert.Throws<DiskException>(() => NbdServer.Listen(endPoint, [new NbdExport("", disk)]));
            Assert.Contains("another server listens", refused.Message, StringComparison.Ordinal);
            using WireClient client = new(folder["s"]);
            client.Go();
        }

        Assert.False(File.Exists(folder["s"]));
        File.WriteAllText(folder["s"], "precious");
        Assert.Throws<DiskException>(() => NbdServer.Listen(endPoint, [new NbdExport("", disk)]));
        Assert.Equal("precious", File.ReadAllText(folder["s"]));
    }

    [Fact]
    public async Task Stopping_answers_what_was_asked_and_flushes()
    {
        using MemoryDisk disk = new(1 << 20);
        using ManualResetEventSlim reached = new(), release = new();
        using ServedImage served = new(disk);
        using WireClient client = new(served.SocketPath);
        client.Go();
        disk.BeforeRequest = () =>
        {
            reached.Set();
            release.Wait();
        };
        client.PutRequest(type: 3, cookie: 5);
        reached.Wait();
        Task stop = Task.Run(served.Server.Dispose);
        release.Set();
        Assert.Equal((0u, 5ul), client.TakeSimple());
        Assert.True(client.IsClosed());
        await stop;
        Assert.Equal(2, disk.Flushes);
        Assert.False(File.Exists(served.SocketPath));
    }

    [Fact]
    public void A_slow_flush_does_not_stall_a_read_of_the_same_client()
    {
        using MemoryDisk disk = new(1 << 20);
        using ManualResetEventSlim release = new();
        using ServedImage served = new(disk);
        using WireClient client = new(served.SocketPath);
        client.Go();
        int requests = 0;
        disk.BeforeRequest = () =>
        {
            if (Interlocked.Increment(ref requests) == 1)
                release.Wait();
        };
        client.PutRequest(type: 3, cookie: 1);
        SpinWait.SpinUntil(() => Volatile.Read(ref requests) == 1);
        client.PutRequest(type: 0, cookie: 2, offset: 4096, length: 512);
        Assert.Equal((0u, 2ul), client.TakeSimple());
        client.Take(512);
        release.Set();
        Assert.Equal((0u, 1ul), client.TakeSimple());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cold_requests_are_in_flight_together_and_come_back_whole(bool structured)
    {
        using MemoryDisk disk = new(8 << 20) { IsCold = true };
        new Random(4).NextBytes(disk.Bytes);
        using ServedImage served = new(disk);
        using WireClient client = new(served.SocketPath);
        client.Go(structured: structured);
        using CountdownEvent together = new(8);
        disk.BeforeRequest = () =>
        {
            together.Signal();
            together.Wait(TimeSpan.FromSeconds(10));
        };
        for (uint i = 0; i < 8; i++)
            client.PutRequest(type: 0, cookie: i, offset: i * 4096, length: 4096);
        HashSet<ulong> answered = [];
        for (int i = 0; i < 8; i++)
        {
            ulong cookie = structured ? client.TakeChunk() is var chunk && chunk.Data.AsSpan(8).SequenceEqual(disk.Bytes.Slice((int)chunk.Cookie * 4096, 4096)) ? chunk.Cookie : 99
                : client.TakeSimple().Cookie;
            if (!structured)
                Assert.Equal(disk.Bytes.Slice((int)cookie * 4096, 4096).ToArray(), client.Take(4096));
            Assert.True(cookie < 8 && answered.Add(cookie));
        }

        disk.BeforeRequest = null;
        client.PutRequest(type: 1, cookie: 9, offset: 5, length: 100_000);
        client.Put(new byte[100_000]);
        if (structured)
        {
            Assert.Equal((0u, 9ul), client.TakeSimple());
            client.PutRequest(type: 0, cookie: 10, offset: 0, length: 3_000_000);
            Assert.Equal(10ul, client.TakeChunk().Cookie);
            return;
        }

        client.PutRequest(type: 0, cookie: 10, offset: 0, length: 3_000_000);

        // The two may change places.
        ulong first = client.TakeSimple().Cookie;
        if (first == 10)
            client.Take(3_000_000);
        Assert.Equal(19ul, first + client.TakeSimple().Cookie);
    }

    [Fact]
    public void A_client_that_fetches_nothing_hurts_only_itself()
    {
        using MemoryDisk disk = new(8 << 20);
        using ServedImage served = new(disk, options: new NbdServerOptions { StopTimeout = TimeSpan.Zero });
        using WireClient greedy = new(served.SocketPath);
        greedy.Go();
        greedy.Socket.Blocking = false;
        byte[] read = [.. WireClient.Big(0x25609513u), 0, 0, 0, 0, .. new byte[8], .. new byte[8], .. WireClient.Big(1u << 20)];
        Assert.Throws<SocketException>(() => PutForEver(greedy, read));
        using WireClient modest = new(served.SocketPath);
        modest.Go();
        modest.PutRequest(type: 0, cookie: 1, length: 4096);
        Assert.Equal((0u, 1ul), modest.TakeSimple());
    }

    private static void PutForEver(WireClient client, byte[] bytes)
    {
        while (true)
            client.Put(bytes);
    }

    [Fact]
    public void One_client_too_many_is_turned_away_and_counted()
    {
        using MemoryDisk disk = new(1 << 20);
        using ServedImage served = new(disk, options: new NbdServerOptions { MaxConnections = 1 });
        using WireClient first = new(served.SocketPath);
        first.Go();
        using Socket second = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        second.Connect(new UnixDomainSocketEndPoint(served.SocketPath));
        Assert.Equal(0, second.Receive(new byte[1]));
        Assert.Equal(1, served.Server.Counters.Refused);
    }

    [Fact]
    public void A_client_that_never_chooses_is_cut_off()
    {
        using MemoryDisk disk = new(1 << 20);
        TestKit.Time.ManualTimeProvider time = new();
        using ServedImage served = new(disk, options: new NbdServerOptions { Time = time });
        using WireClient client = new(served.SocketPath);
        client.PutOption(3);
        Assert.Equal(1u, client.LastAnswer(3));
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.True(client.IsClosed());
        SpinWait.SpinUntil(() => served.Server.Counters.BadHandshakes == 1);
    }
}
