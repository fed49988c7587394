namespace Fabric.Disk;

/// <summary>A disk that can show where its bytes stand in the host's page cache, so that a system call can take them from there: one copy
/// less than <see cref="IDisk.Read"/>.</summary>
/// <remarks>
/// <para>A loan is a read in flight: what it shows is what a read made at the same time may answer, so writes made meanwhile may be
/// seen, whole or in part; bytes of another place of the disk, or none of the disk's, are never seen. In return it holds up the reuse of
/// space, and whoever waits for requests to end: it must not last longer than a read would, in particular not for a peer.</para>
/// <para>The memory is the image file's. Should somebody shorten that file meanwhile, a system call that reads from it answers EFAULT,
/// but a program would be ended by SIGBUS: it must not look itself.</para>
/// <para>A layer does not pass loans on, as what it does to reads would be left out.</para>
/// </remarks>
public interface ILendingDisk : IDisk
{
    /// <summary>Lends a range if it stands in one piece in the host's page cache. Never waits, never allocates; any thread.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Length in bytes.</param>
    /// <param name="loan">The range; to be given back by <see cref="TakeBack"/>, on any thread.</param>
    /// <returns>False when it cannot be lent, now or ever; it must be read then.</returns>
    bool TryLend(long offset, int length, out DiskLoan loan);

    /// <summary>Ends a loan.</summary>
    /// <param name="loan">What <see cref="TryLend"/> gave.</param>
    void TakeBack(in DiskLoan loan);
}
