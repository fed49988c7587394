namespace Fabric.Switch.SpanningTree;

/// <summary>What a BPDU means to the port it came in on (IEEE 802.1D-2004, 17.21.8).</summary>
internal enum RcvdInfo
{
    /// <summary>Nothing.</summary>
    OtherInfo,

    /// <summary>A designated port that is better, or says something new.</summary>
    SuperiorDesignatedInfo,

    /// <summary>What is known.</summary>
    RepeatedDesignatedInfo,

    /// <summary>A designated port that should not be one.</summary>
    InferiorDesignatedInfo,

    /// <summary>A root, alternate or backup port that takes this one as designated.</summary>
    InferiorRootAlternateInfo,
}
