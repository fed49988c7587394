using System.Net.Sockets;
using Fabric.Disk;
using Fabric.TestKit;
using Fabric.TestKit.Disks;

namespace Fabric.Nbd.Tests;

/// <summary>Peers that lie: nothing hangs, nothing is written outside of what was asked, nothing large is allocated.</summary>
public class HostileTests
{
    private const int Asked = 4096;

    public static TheoryData<string, byte[]> Chunks => new()
    {
        { "offset before the range", Chunk(1, 8 + 16, [.. WireClient.Big(4095ul), .. new byte[16]]) },
        { "offset behind the range", Chunk(1, 8 + 16, [.. WireClient.Big(8192ul - 8), .. new byte[16]]) },
        { "offset that overflows", Chunk(1, 8 + 16, [.. WireClient.Big(ulong.MaxValue - 7), .. new byte[16]]) },
        { "more data than asked", Chunk(1, 0xffffffff, WireClient.Big(4096ul)) },
        { "chunk without data", Chunk(1, 8, WireClient.Big(4096ul)) },
        { "hole beyond the range", Chunk(2, 12, [.. WireClient.Big(4096ul), .. WireClient.Big(4097u)]) },
        { "hole of a wrong size", Chunk(2, 11, new byte[11]) },
        { "too little, and done", Chunk(1, 8 + 16, [.. WireClient.Big(4096ul), .. new byte[16]]) },
        { "nothing, and done", Chunk(0, 0, []) },
        { "none with content", Chunk(0, 4, new byte[4]) },
        { "huge error message", Chunk(0x8001, 0x7fffffff, new byte[6]) },
        { "short error", Chunk(0x8001, 3, new byte[3]) },
        { "status for a read", Chunk(5, 12, new byte[12]) },
        { "unknown chunk", Chunk(99, 0, []) },
    };

    [Theory]
    [MemberData(nameof(Chunks))]
    public void A_reply_that_does_not_fit_is_an_error_and_writes_nowhere_else(string what, byte[] chunk)
    {
        using HostileServer server = new(client => client.Put([.. WireClient.Big(0x668e33efu), .. chunk[..4], .. client.Cookie, .. chunk[4..]]));
        using NbdDisk disk = NbdDisk.Connect(server.Uri);
        byte[] memory = new byte[3 * Asked];
        Array.Fill(memory, (byte)0x55);
        Assert.True(DiskStatus.IoError == disk.Read(4096, memory.AsSpan(Asked, Asked)), what);
        Assert.False(memory.AsSpan(0, Asked).ContainsAnyExcept((byte)0x55));
        Assert.False(memory.AsSpan(2 * Asked).ContainsAnyExcept((byte)0x55));
    }

    [Fact]
    public void A_reply_to_what_nobody_asked_breaks_the_connection()
    {
        using HostileServer server = new(client => client.PutChunk(1, 0, new byte[8], 0, []));
        using NbdDisk disk = NbdDisk.Connect(server.Uri);
        Assert.Equal(DiskStatus.IoError, disk.Read(0, new byte[Asked]));
    }

    [Fact]
    public void An_empty_run_is_an_error()
    {
        using HostileServer server = new(client => client.PutChunk(1, 5, client.Cookie, 12, [0, 0, 0, 1, .. new byte[8]]));
        using NbdDisk disk = NbdDisk.Connect(server.Uri);
        Assert.Equal(DiskStatus.IoError, disk.GetExtent(0, 1 << 20, out _));
    }

    [Fact]
    public void Spoiled_handshakes_end_in_one_clear_error()
    {
        Random random = new(TestSeed.Seed);
        using HostileServer server = new(_ => { }, bytes => Spoil(random, bytes));
        for (int i = 0; i < TestSeed.Count(200); i++)
        {
            try
            {
                using NbdDisk disk = NbdDisk.Connect(server.Uri);
                disk.Read(0, new byte[512]);
            }
            catch (DiskException)
            {
                // What it should be.
            }
        }
    }

    [Fact]
    public void Random_replies_never_hang_a_reader()
    {
        Random random = new(TestSeed.Seed);
        using HostileServer server = new(client =>
        {
            byte[] reply =
            [
                .. WireClient.Big(random.Next(8) == 0 ? (uint)random.Next() : 0x668e33efu), 0, (byte)random.Next(2), (byte)(random.Next(4) == 0 ? 0x80 : 0), (byte)random.Next(7),
                .. client.Cookie, .. WireClient.Big((uint)random.Next(random.Next(2) == 0 ? 64 : int.MaxValue)), .. WireClient.Big((ulong)random.Next(8192)), .. new byte[random.Next(9000)],
            ];
            client.Put(reply);
        });
        byte[] memory = new byte[3 * Asked];
        for (int i = 0; i < TestSeed.Count(300); i++)
        {
            using NbdDisk disk = NbdDisk.Connect(server.Uri);
            disk.Read(random.Next(8) * 512, memory.AsSpan(Asked, Asked));
            Assert.False(memory.AsSpan(0, Asked).ContainsAnyExcept((byte)0));
            Assert.False(memory.AsSpan(2 * Asked).ContainsAnyExcept((byte)0));
        }
    }

    [Fact]
    public void Random_clients_never_hurt_the_server()
    {
        Random random = new(TestSeed.Seed);
        // They come faster than the threads of those before them may end.
        using ServedImage served = new(new MemoryDisk(1 << 20), options: new NbdServerOptions { MaxConnections = int.MaxValue });
        for (int i = 0; i < TestSeed.Count(300); i++)
        {
            using WireClient client = new(served.SocketPath);
            try
            {
                if (random.Next(3) == 0)
                    SpoiledOptions(random, client);
                else
                    SpoiledRequests(random, client);
            }
            catch (SocketException)
            {
                // Thrown out, rightly.
            }
        }

        using WireClient last = new(served.SocketPath);
        last.Go();
        last.PutRequest(3, 7);
        Assert.Equal((0u, 7ul), last.TakeSimple());
    }

    private static void SpoiledOptions(Random random, WireClient client)
    {
        for (int i = random.Next(6); i >= 0; i--)
        {
            byte[] data = [.. WireClient.Text("abc"[..random.Next(4)]), .. WireClient.Big((uint)random.Next(3)), .. WireClient.Text("base:allocation")];
            byte[] option = [.. "IHAVEOPT"u8, .. WireClient.Big((uint)random.Next(12)), .. WireClient.Big((uint)data.Length), .. data];
            client.Put(Spoil(random, option));
        }
    }

    private static void SpoiledRequests(Random random, WireClient client)
    {
        bool structured = random.Next(2) == 0;
        client.Go("", structured, structured && random.Next(2) == 0);
        for (int i = random.Next(20); i >= 0; i--)
        {
            byte[] request =
            [
                .. WireClient.Big(0x25609513u), .. WireClient.Big((ushort)random.Next(32)), .. WireClient.Big((ushort)random.Next(9)), .. WireClient.Big((ulong)i),
                .. WireClient.Big((ulong)random.Next(2 << 20)), .. WireClient.Big((uint)random.Next(random.Next(9) == 0 ? int.MaxValue : 8192)),
            ];
            client.Put(random.Next(10) == 0 ? Spoil(random, request) : request);
            client.Put(new byte[random.Next(3) == 0 ? random.Next(8192) : 0]);
        }
    }

    private static byte[] Spoil(Random random, byte[] bytes)
    {
        byte[] spoiled = [.. bytes];
        for (int i = random.Next(3); i > 0 && spoiled.Length > 0; i--)
            spoiled[random.Next(spoiled.Length)] = random.Next(3) switch { 0 => 0xff, 1 => 0, _ => (byte)random.Next(256) };
        return random.Next(8) == 0 ? spoiled[..random.Next(spoiled.Length + 1)] : spoiled;
    }

    private static byte[] Chunk(ushort type, uint length, byte[] data) => [0, 1, .. WireClient.Big(type), .. WireClient.Big(length), .. data];
}
