using Fabric.Wire;

namespace Fabric.Switch.Snooping;

/// <summary>A source that hosts have named.</summary>
internal struct SourceTimer
{
    /// <summary>The source.</summary>
    internal IpAddress Address;

    /// <summary>How long it is wanted, in ms; 0 when it is not.</summary>
    internal long Until;

    /// <summary>How often it is still to be asked for.</summary>
    internal int QueriesLeft;
}
