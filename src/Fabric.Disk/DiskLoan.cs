namespace Fabric.Disk;

/// <summary>Bytes of a disk where they stand in the host's page cache, see <see cref="ILendingDisk"/>.</summary>
/// <param name="Address">First byte. Only for the kernel to read, as the buffer of a system call.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Ticket">The disk's own: what has to be let go of.</param>
public readonly record struct DiskLoan(nint Address, int Length, int Ticket);
