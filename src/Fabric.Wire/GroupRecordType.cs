namespace Fabric.Wire;

/// <summary>What a record of an IGMPv3 or MLDv2 report says of its group (RFC 3376, 4.2.12; RFC 3810, 5.2.12).</summary>
public enum GroupRecordType : byte
{
    /// <summary>State: only these sources are wanted.</summary>
    IsInclude = 1,

    /// <summary>State: all sources but these are wanted.</summary>
    IsExclude = 2,

    /// <summary>Change: from now on only these sources are wanted.</summary>
    ToInclude = 3,

    /// <summary>Change: from now on all sources but these are wanted.</summary>
    ToExclude = 4,

    /// <summary>Change: these sources are wanted too.</summary>
    Allow = 5,

    /// <summary>Change: these sources are no longer wanted.</summary>
    Block = 6,
}
