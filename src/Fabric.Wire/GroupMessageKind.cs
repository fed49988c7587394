namespace Fabric.Wire;

/// <summary>What an IGMP or MLD message says. MLD version 1 is IGMP version 2 for IPv6, and MLD version 2 is IGMP version 3.</summary>
public enum GroupMessageKind
{
    /// <summary>None of these: another protocol that shares the number.</summary>
    Other,

    /// <summary>A router asks who listens, to a group or at all.</summary>
    Query,

    /// <summary>A host listens to one group (IGMPv1, IGMPv2, MLDv1).</summary>
    Report,

    /// <summary>A host no longer listens to one group (IGMPv2 Leave, MLDv1 Done).</summary>
    Leave,

    /// <summary>A host tells of many groups, with sources (IGMPv3, MLDv2).</summary>
    RecordReport,
}
