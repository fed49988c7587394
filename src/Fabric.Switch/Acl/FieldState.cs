namespace Fabric.Switch.Acl;

/// <summary>What is known of a layer's header.</summary>
internal enum FieldState : byte
{
    /// <summary>The frame has none.</summary>
    Absent,

    /// <summary>It was read.</summary>
    Seen,

    /// <summary>It travels in another fragment.</summary>
    Elsewhere,

    /// <summary>There should be one, but it is cut off, malformed, or further away than is looked.</summary>
    Hidden,
}
