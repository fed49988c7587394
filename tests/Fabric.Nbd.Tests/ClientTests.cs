using Fabric.Disk;
using Fabric.TestKit;
using Fabric.TestKit.Disks;
using Fabric.TestKit.Time;

namespace Fabric.Nbd.Tests;

/// <summary>The client before other people's servers, and before ours.</summary>
public class ClientTests
{
    private const int Size = 8 << 20;

    [SkippableFact]
    public void What_qemu_nbd_holds_can_be_read_and_changed_and_its_image_stays_clean()
    {
        using TemporaryFolder folder = new();
        Tools.Need("qemu-img");
        Tools.Expect("/", "qemu-img", "create", "-f", "qcow2", folder["a.qcow2"], $"{Size}");
        byte[] model = new byte[Size];
        using (PeerServer server = PeerServer.QemuNbd(folder["a.qcow2"], "qcow2", "--discard=unmap"))
        {
            using (NbdDisk disk = NbdDisk.Connect(server.Uri))
            {
                Assert.Equal(Size, disk.Length);
                Assert.False(disk.IsReadOnly);
                ChangeAtRandom(disk, model, 300);
                AssertExtentsFit(disk, model);
                Assert.Equal(DiskStatus.Ok, disk.Flush());
            }

            Tools.Run("/", "qemu-io", "-f", "raw", "-c", "flush", server.Uri);
        }

        Tools.CompareEqual(folder["a.qcow2"], model);
    }

    [SkippableTheory]
    [InlineData("memory", "8M")]
    [InlineData("--filter=blocksize-policy", "memory", "8M", "blocksize-minimum=512", "blocksize-preferred=4096", "blocksize-maximum=64K", "blocksize-error-policy=error")]
    [InlineData("--no-sr", "memory", "8M")]
    [InlineData("--filter=nozero", "memory", "8M", "zeromode=none")]
    public void What_nbdkit_holds_can_be_read_and_changed(params string[] plugin)
    {
        using TemporaryFolder folder = new();
        using PeerServer server = PeerServer.Nbdkit(folder["s"], plugin);
        using NbdDisk disk = NbdDisk.Connect(server.Uri);
        byte[] model = new byte[Size];
        ChangeAtRandom(disk, model, 100, align: 512);
        AssertExtentsFit(disk, model);
    }

    [Fact]
    public void Many_threads_share_one_connection()
    {
        using MemoryDisk held = new(Size);
        using ServedImage served = new(held);
        using NbdDisk disk = NbdDisk.Connect(served.Uri);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, worker =>
        {
            byte[] model = new byte[Size / 8];
            using Slice slice = new(disk, worker * (Size / 8), model.Length);
            ChangeAtRandom(slice, model, 100, seed: worker);
        });
        Assert.Equal(1, served.Server.Counters.Connections);
    }

    [Fact]
    public void A_write_is_as_stable_as_was_asked()
    {
        using MemoryDisk held = new(Size);
        using ServedImage served = new(held);
        using NbdDisk disk = NbdDisk.Connect(served.Uri);
        Assert.Equal(DiskStatus.WouldBlock, disk.Write(0, new byte[1], DiskFlags.NoWait));
        Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[1]));
        Assert.Equal(0, held.Flushes);
        Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[1], DiskFlags.ForceUnitAccess));
        Assert.Equal(1, held.Flushes);
        Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(0, 4096, DiskFlags.MayUnmap | DiskFlags.ForceUnitAccess));
        Assert.Equal(DiskFlags.MayUnmap | DiskFlags.ForceUnitAccess, held.LastFlags);
        Assert.Equal(DiskStatus.Ok, disk.WriteZeroes(0, 4096));
        Assert.Equal(DiskFlags.None, held.LastFlags);
    }

    [Theory]
    [InlineData(DiskStatus.NoSpace, DiskStatus.NoSpace)]
    [InlineData(DiskStatus.IoError, DiskStatus.IoError)]
    [InlineData(DiskStatus.Corrupt, DiskStatus.IoError)]
    [InlineData(DiskStatus.ReadOnly, DiskStatus.ReadOnly)]
    public void Errors_come_through(DiskStatus fault, DiskStatus seen)
    {
        using MemoryDisk held = new(Size);
        using ServedImage served = new(held);
        using NbdDisk disk = NbdDisk.Connect(served.Uri);
        held.Fault = fault;
        Assert.Equal(seen, disk.Write(0, new byte[1]));
        Assert.Equal(seen, disk.Read(0, new byte[1]));
        Assert.Equal(seen, disk.GetExtent(0, 1, out _));
        Assert.Equal(DiskStatus.OutOfRange, disk.Read(Size, new byte[1]));
        held.Fault = DiskStatus.Ok;
        Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[1]));
    }

    [Fact]
    public void A_lost_server_is_an_error_until_it_is_back()
    {
        using MemoryDisk held = new(Size);
        using TemporaryFolder folder = new();
        ManualTimeProvider time = new();
        System.Net.Sockets.UnixDomainSocketEndPoint endPoint = new(folder["s"]);
        NbdDisk disk;
        using (NbdServer.Listen(endPoint, [new NbdExport("", held)]))
            disk = NbdDisk.Connect($"nbd+unix:///?socket={folder["s"]}", readOnly: false, time);
        using (disk)
        {
            Assert.Equal(DiskStatus.IoError, disk.Read(0, new byte[1]));
            time.Advance(NbdDisk.RetryInterval);
            Assert.Equal(DiskStatus.IoError, disk.Read(0, new byte[1]));
            using (NbdServer server = NbdServer.Listen(endPoint, [new NbdExport("", held)]))
            {
                Assert.Equal(DiskStatus.IoError, disk.Read(0, new byte[1])); // not so soon
                Assert.Equal(0, server.Counters.Connections);
                time.Advance(NbdDisk.RetryInterval);
                Assert.Equal(DiskStatus.Ok, disk.Read(0, new byte[1]));
            }

            using MemoryDisk other = new(Size / 2);
            using NbdServer smaller = NbdServer.Listen(endPoint, [new NbdExport("", other)]);
            Assert.Equal(DiskStatus.IoError, disk.Read(0, new byte[1]));
            time.Advance(NbdDisk.RetryInterval);
            Assert.Equal(DiskStatus.IoError, disk.Read(0, new byte[1]));
        }
    }

    [Fact]
    public void A_server_that_dies_under_a_request_does_not_leave_its_caller_waiting()
    {
        using HostileServer hostile = new(_ => { });
        using NbdDisk dead = NbdDisk.Connect(hostile.Uri);
        Assert.Equal(DiskStatus.IoError, dead.Read(0, new byte[4096]));
    }

    [Fact]
    public void Refusals_say_what_to_do()
    {
        using ServedImage served = new(new MemoryDisk(Size), export: "data");
        Assert.Contains("has no export \"x\"", Refused($"nbd+unix:///x?socket={served.SocketPath}"), StringComparison.Ordinal);
        Assert.Contains("is the server running?", Refused("nbd+unix:///x?socket=/nonexistent/s"), StringComparison.Ordinal);
        Assert.Contains("write nbd+unix:///EXPORT?socket=PATH", Refused("nbd+unix:///x"), StringComparison.Ordinal);
        Assert.Contains("write nbd://HOST", Refused("nbd://user@host/x"), StringComparison.Ordinal);
        static string Refused(string address) => Assert.Throws<DiskException>(() => NbdDisk.Connect(address)).Message;
    }

    [SkippableFact]
    public void An_overlay_may_stand_on_a_remote_disk()
    {
        using MemoryDisk held = new(Size);
        new Random(3).NextBytes(held.Bytes);
        using ServedImage served = new(held);
        string overlay = served.Folder["overlay.qcow2"];
        DiskImage.Create(overlay, new DiskCreateOptions { Format = DiskFormat.Qcow2, BackingPath = served.Uri, BackingFormat = DiskFormat.Raw, Protocols = [new NbdProtocol()] });
        byte[] model = held.Bytes.ToArray();
        using (IDisk disk = DiskImage.Open(overlay, new DiskOpenOptions { AllowOutsideFolder = true, Protocols = [new NbdProtocol()] }))
            ChangeAtRandom(disk, model, 50);
        using (DiskImage.Open(overlay, new DiskOpenOptions { AllowedFolders = [served.Uri], Protocols = [new NbdProtocol()] }))
        {
            // Allowed by its very name.
        }

        Assert.Throws<DiskException>(() => DiskImage.Open(overlay, new DiskOpenOptions { Protocols = [new NbdProtocol()] }));
        Tools.Need("qemu-img");
        Tools.CompareEqual(overlay, model);
    }

    internal static void ChangeAtRandom(IDisk disk, byte[] model, int count, int align = 1, int seed = 0)
    {
        Random random = new(TestSeed.Seed + seed);
        byte[] buffer = new byte[model.Length];
        for (int i = 0; i < count; i++)
        {
            int offset = random.Next(model.Length) / align * align;
            int length = Math.Min(random.Next(random.Next(4) == 0 ? 1 << 20 : 8192) / align * align, model.Length - offset);
            DiskStatus status = DiskStatus.Ok;
            switch (random.Next(6))
            {
                case 0 or 1:
                    random.NextBytes(model.AsSpan(offset, length));
                    status = disk.Write(offset, model.AsSpan(offset, length), random.Next(8) == 0 ? DiskFlags.ForceUnitAccess : DiskFlags.None);
                    break;
                case 2:
                    model.AsSpan(offset, length).Clear();
                    status = disk.WriteZeroes(offset, length, random.Next(2) == 0 ? DiskFlags.MayUnmap : DiskFlags.None);
                    break;
                case 3:
                    status = disk.Flush();
                    break;
                default:
                    int from = random.Next(model.Length), wanted = Math.Min(random.Next(100_000), model.Length - from);
                    status = disk.Read(from, buffer.AsSpan(0, wanted));
                    Assert.True(model.AsSpan(from, wanted).SequenceEqual(buffer.AsSpan(0, wanted)), $"operation {i}: wrong bytes in {from}+{wanted}");
                    break;
            }

            Assert.True(status == DiskStatus.Ok, $"operation {i} ended with {status}");
        }

        Assert.Equal(DiskStatus.Ok, disk.Read(0, buffer));
        Assert.True(model.AsSpan().SequenceEqual(buffer));
    }

    private static void AssertExtentsFit(IDisk disk, byte[] model)
    {
        for (long offset = 0; offset < disk.Length;)
        {
            Assert.Equal(DiskStatus.Ok, disk.GetExtent(offset, disk.Length - offset, out DiskExtent extent));
            if (extent.Zero)
                Assert.False(model.AsSpan((int)offset, (int)extent.Length).ContainsAnyExcept((byte)0));
            offset += extent.Length;
        }
    }
}
