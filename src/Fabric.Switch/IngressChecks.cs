namespace Fabric.Switch;

/// <summary>What has to be looked at in frames that a port received; none for a plain port.</summary>
[Flags]
internal enum IngressChecks
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The port does not pass frames, or not yet.</summary>
    State = 1,

    /// <summary>The rate is limited.</summary>
    Police = 2,

    /// <summary>The addresses are limited.</summary>
    Addresses = 4,

    /// <summary>What goes to many ports is limited.</summary>
    Storm = 8,
}
