using System.Runtime.InteropServices;
using Fabric.Disk.Layers;

namespace Fabric.Disk.Tests;

/// <summary>Bytes lent from the host's page cache.</summary>
public class LendingTests
{
    private const int Cluster = 64 << 10;

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public void What_is_lent_is_what_reads_answer(DiskFormat format)
    {
        using TemporaryFolder folder = new();
        using ImageDisk disk = Create(folder["disk"], format);
        byte[] bytes = new byte[8 * Cluster];
        new Random(1).NextBytes(bytes);
        Assert.Equal(DiskStatus.Ok, disk.Write(Cluster, bytes));
        ILendingDisk lender = Assert.IsAssignableFrom<ILendingDisk>(disk);
        foreach ((int at, int length) in ((int, int)[])[(0, 8 * Cluster), (5, 1), (4095, 70_000), ((8 * Cluster) - 1, 1)])
        {
            Assert.True(lender.TryLend(Cluster + at, length, out DiskLoan loan));
            Assert.True(bytes.AsSpan(at, length).SequenceEqual(Look(loan)));
            lender.TakeBack(loan);
        }

        // What was written later is seen through a mapping that was made before, also behind the file's old end.
        Assert.Equal(DiskStatus.Ok, disk.Write(40 * Cluster, bytes));
        Assert.True(lender.TryLend(40 * Cluster, bytes.Length, out DiskLoan late));
        Assert.Equal(bytes, Look(late));
        lender.TakeBack(late);
    }

    [Theory]
    [InlineData(DiskFormat.Raw)]
    [InlineData(DiskFormat.Qcow2)]
    public void Holes_and_what_lies_outside_are_not_lent(DiskFormat format)
    {
        using TemporaryFolder folder = new();
        using ImageDisk disk = Create(folder["disk"], format);
        Assert.Equal(DiskStatus.Ok, disk.Write(0, new byte[Cluster]));
        ILendingDisk lender = (ILendingDisk)disk;
        foreach ((long at, int length) in ((long, int)[])[(8 * Cluster, Cluster), (0, 2 * Cluster), (-1, 4096), (disk.Length, 1), (disk.Length - 1, 2), (long.MaxValue, int.MaxValue), (0, 0), (0, -1)])
            Assert.False(lender.TryLend(at, length, out _), $"{at}+{length}");
    }

    [Fact]
    public void A_cluster_on_loan_is_not_reused_before_it_is_back()
    {
        using TemporaryFolder folder = new();
        using ImageDisk disk = Create(folder["disk"], DiskFormat.Qcow2);
        byte[] secret = [.. Enumerable.Repeat((byte)7, Cluster)];
        Assert.Equal(DiskStatus.Ok, disk.Write(0, secret));
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        ILendingDisk lender = (ILendingDisk)disk;
        Assert.True(lender.TryLend(0, Cluster, out DiskLoan loan));
        Assert.Equal(DiskStatus.Ok, disk.GetExtent(0, Cluster, out DiskExtent lent));
        Assert.Equal(DiskStatus.Ok, disk.Discard(0, Cluster));
        for (int i = 1; i <= 8; i++)
            Assert.NotEqual(lent.HostOffset, WriteElsewhere(disk, i));
        Assert.Equal(secret, Look(loan));
        lender.TakeBack(loan);

        // Held up, not lost.
        Assert.Contains(lent.HostOffset, Enumerable.Range(9, 8).Select(i => WriteElsewhere(disk, i)));
    }

    [Fact]
    public void No_layer_passes_loans_on() =>
        Assert.DoesNotContain(typeof(DiskLayer).Assembly.GetTypes(), type => type.IsSubclassOf(typeof(DiskLayer)) && type.IsAssignableTo(typeof(ILendingDisk)));

    private static long WriteElsewhere(ImageDisk disk, int place)
    {
        Assert.Equal(DiskStatus.Ok, disk.Write((long)place * Cluster, [.. Enumerable.Repeat((byte)9, Cluster)]));
        Assert.Equal(DiskStatus.Ok, disk.Flush());
        Assert.Equal(DiskStatus.Ok, disk.GetExtent((long)place * Cluster, Cluster, out DiskExtent extent));
        return extent.HostOffset;
    }

    private static ImageDisk Create(string path, DiskFormat format)
    {
        DiskImage.Create(path, new DiskCreateOptions { Format = format, Size = 64 * Cluster });
        return DiskImage.Open(path, new DiskOpenOptions { Format = format });
    }

    private static byte[] Look(in DiskLoan loan)
    {
        byte[] copy = new byte[loan.Length];
        Marshal.Copy(loan.Address, copy, 0, copy.Length);
        return copy;
    }
}
