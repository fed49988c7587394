using System.Buffers.Binary;
using Fabric.Disk;
using Fabric.TestKit;

namespace Fabric.Nbd.Tests;

/// <summary>Long reads, which are sent from the host's page cache.</summary>
public class LoanTests
{
    private const int Cluster = 64 << 10;
    private const int Size = 16 << 20;

    [Theory]
    [InlineData(DiskFormat.Raw, false)]
    [InlineData(DiskFormat.Raw, true)]
    [InlineData(DiskFormat.Qcow2, false)]
    [InlineData(DiskFormat.Qcow2, true)]
    public void Replies_that_a_slow_client_has_no_room_for_come_whole(DiskFormat format, bool structured)
    {
        using TemporaryFolder folder = new();
        (ImageDisk disk, byte[] bytes) = Create(folder["disk"], format);
        using ServedImage served = new(disk);
        using WireClient client = new(served.SocketPath);
        client.Go(structured: structured);
        Random random = new(TestSeed.Seed);
        (int At, int Length)[] reads = [.. Enumerable.Range(0, TestSeed.Count(50)).Select(_ => (random.Next(Size - (1 << 20)), random.Next(1, structured ? 1 << 20 : 256 << 10)))];
        for (int i = 0; i < reads.Length; i++)
            client.PutRequest(type: 0, cookie: (ulong)i, offset: (ulong)reads[i].At, length: (uint)reads[i].Length);
        foreach ((int at, int length) in reads)
        {
            if (!structured)
            {
                (uint error, ulong cookie) = client.TakeSimple();
                Assert.Equal((0u, (at, length)), (error, reads[cookie]));
                Assert.True(bytes.AsSpan(at, length).SequenceEqual(client.Take(length)));
                continue;
            }

            for (int done = 0; done < length;)
            {
                (ushort flags, ushort type, ulong which, byte[] data) = client.TakeChunk();
                Assert.Equal((1, at + done), (type, (int)BinaryPrimitives.ReadUInt64BigEndian(data)));
                Assert.Equal((at, length), reads[which]);
                Assert.True(bytes.AsSpan(at + done, data.Length - 8).SequenceEqual(data.AsSpan(8)));
                done += data.Length - 8;
                Assert.Equal(done == length, flags == 1);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void A_file_that_shrinks_while_its_bytes_are_sent_reads_as_zeroes(int requests)
    {
        using TemporaryFolder folder = new();
        (ImageDisk disk, byte[] bytes) = Create(folder["disk"], DiskFormat.Raw);
        using ServedImage served = new(new ShrinkingDisk(disk, 10 << 20, requests));
        using WireClient client = new(served.SocketPath);
        client.Go();
        const int Length = 256 << 10;
        for (int i = 0; i < 50; i++)
            client.PutRequest(type: 0, cookie: 1, offset: (10 << 20) - (Length / 2), length: Length);
        byte[] after = [.. bytes.AsSpan((10 << 20) - (Length / 2), Length / 2), .. new byte[Length / 2]];
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal((0u, 1ul), client.TakeSimple());
            byte[] data = client.Take(Length);
            Assert.True(data.AsSpan(0, Length / 2).SequenceEqual(after.AsSpan(0, Length / 2)));
            if (i >= requests)
                Assert.True(data.AsSpan().SequenceEqual(after));
        }
    }

    [Fact]
    public async Task No_reply_shows_what_belongs_to_another_place()
    {
        using TemporaryFolder folder = new();
        DiskImage.Create(folder["disk"], new DiskCreateOptions { Format = DiskFormat.Qcow2, Size = Size });
        ImageDisk disk = DiskImage.Open(folder["disk"]);
        using ServedImage served = new(disk);
        using CancellationTokenSource end = new();
        Task writer = Task.Run(() => Churn(disk, end.Token));
        Task[] readers = [.. Enumerable.Range(0, 2).Select(i => Task.Run(() => ReadStamps(served.SocketPath, TestSeed.Seed + i)))];
        await Task.WhenAll(readers);
        await end.CancelAsync();
        await writer;
        served.Close();
        Tools.CheckClean(folder["disk"]);
    }

    // Every eight bytes name the place they belong to, so that bytes from elsewhere give themselves away.
    private static void Churn(ImageDisk disk, CancellationToken end)
    {
        Random random = new(TestSeed.Seed);
        byte[] stamps = new byte[Cluster];
        while (!end.IsCancellationRequested)
        {
            for (int i = 0; i < 16; i++)
            {
                int place = random.Next(Size / Cluster);
                for (int at = 0; at < Cluster; at += 8)
                    BinaryPrimitives.WriteInt64LittleEndian(stamps.AsSpan(at), place + 1);
                Assert.Equal(DiskStatus.Ok, random.Next(2) == 0 ? disk.Discard((long)place * Cluster, Cluster) : disk.Write((long)place * Cluster, stamps));
            }

            Assert.Equal(DiskStatus.Ok, disk.Flush());
        }
    }

    private static void ReadStamps(string socket, int seed)
    {
        Random random = new(seed);
        using WireClient client = new(socket);
        client.Go();
        for (int round = 0; round < TestSeed.Count(20); round++)
        {
            for (int i = 0; i < 100; i++)
            {
                uint place = (uint)random.Next(Size / Cluster);
                client.PutRequest(type: 0, cookie: place, offset: place * Cluster, length: Cluster);
            }

            for (int i = 0; i < 100; i++)
            {
                (uint error, ulong place) = client.TakeSimple();
                Assert.Equal(0u, error);
                byte[] data = client.Take(Cluster);
                for (int at = 0; at < Cluster; at += 8)
                    Assert.True(BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(at)) is var stamp && (stamp == 0 || stamp == place + 1), $"{stamp} at {place}");
            }
        }
    }

    private static (ImageDisk Disk, byte[] Bytes) Create(string path, DiskFormat format)
    {
        byte[] bytes = new byte[Size];
        new Random(1).NextBytes(bytes);
        DiskImage.Create(path, new DiskCreateOptions { Format = format, Size = Size });
        ImageDisk disk = DiskImage.Open(path, new DiskOpenOptions { Format = format });
        Assert.Equal(DiskStatus.Ok, disk.Write(0, bytes));
        Assert.True(((ILendingDisk)disk).TryLend(0, 256 << 10, out DiskLoan loan), "this host lends nothing, so that nothing would be tested");
        ((ILendingDisk)disk).TakeBack(loan);
        return (disk, bytes);
    }
}
