namespace Fabric.Switch.Snooping;

/// <summary>Whether a multicast router is behind a port.</summary>
public enum RouterPortMode
{
    /// <summary>While its queries or PIM hellos say so.</summary>
    Learned,

    /// <summary>Always.</summary>
    Always,

    /// <summary>Never: queries and PIM hellos from there are dropped.</summary>
    Never,
}
