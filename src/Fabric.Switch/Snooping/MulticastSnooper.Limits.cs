namespace Fabric.Switch.Snooping;

// Whose memberships there is room for.
public sealed partial class MulticastSnooper
{
    /// <summary>Memberships there are now.</summary>
    public int Memberships => _memberships;

    /// <summary>Sees to it that a port may have one membership more.</summary>
    /// <returns>False when it has all it may.</returns>
    internal bool TryMakeRoom(SnoopedPort port)
    {
        int held = port.Memberships.Count;
        if (held < port.Options.MaxGroups && (_memberships < Options.MaxMemberships || TryEvict(held)))
            return true;
        Counters.AddRefused();
        return false;
    }

    internal void Admit(GroupMembership membership)
    {
        membership.Place = membership.Port.Memberships.Count;
        membership.Port.Memberships.Add(membership);
        _memberships++;
    }

    internal void Release(GroupMembership membership)
    {
        List<GroupMembership> all = membership.Port.Memberships;
        all[membership.Place] = all[^1];
        all[membership.Place].Place = membership.Place;
        all.RemoveAt(all.Count - 1);
        _memberships--;
    }

    private bool TryEvict(int held)
    {
        int share = Options.MaxMemberships / _portCount;
        if (held >= share)
            return false;
        SnoopedPort? most = null;
        foreach (SnoopedPort? other in _ports)
        {
            if (other is not null && other.Memberships.Count > (most?.Memberships.Count ?? share))
                most = other;
        }

        if (most is null)
            return false;
        GroupMembership newest = most.Memberships[^1];
        newest.Group.Domain.Remove(newest);
        Counters.AddEvicted();
        return true;
    }

    private static void Forget(SnoopedPort port, Func<GroupMembership, bool> isGone)
    {
        for (int i = port.Memberships.Count - 1; i >= 0; i--)
        {
            GroupMembership membership = port.Memberships[i];
            if (isGone(membership))
                membership.Group.Domain.Remove(membership);
        }
    }
}
