namespace Fabric.Disk.Qcow2;

/// <summary>Data clusters, lent from the host's page cache.</summary>
internal sealed partial class Qcow2Disk
{
    /// <inheritdoc/>
    public bool TryLend(long offset, int length, out DiskLoan loan)
    {
        loan = default;
        if (length < 1 || !Inside(offset, length))
            return false;
        // As for a read: as long as the ticket is out, a cluster that is freed meanwhile is neither reused nor punched.
        int slot = _inFlight.Enter();
        if (_map.TryMap(offset, length, out ClusterRun run) && run.Kind is ClusterKind.Owned or ClusterKind.Shared
            && run.Length == length && _data.TryFindCached(run.HostOffset, length, out nint address))
        {
            loan = new DiskLoan(address, length, slot);
            return true;
        }

        _inFlight.Leave(slot);
        return false;
    }

    /// <inheritdoc/>
    public void TakeBack(in DiskLoan loan) => _inFlight.Leave(loan.Ticket);
}
