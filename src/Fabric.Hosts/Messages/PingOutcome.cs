namespace Fabric.Hosts.Messages;

/// <summary>What became of an echo.</summary>
public enum PingOutcome
{
    /// <summary>No answer within the time.</summary>
    TimedOut,

    /// <summary>Came back as it was sent.</summary>
    Answered,

    /// <summary>Came back changed.</summary>
    Corrupted,

    /// <summary>Somebody on the way could not deliver it, or the next hop did not answer.</summary>
    Unreachable,

    /// <summary>Passed as many routers as it may, or lost a piece.</summary>
    TimeExceeded,

    /// <summary>Too long for a link on the way, and not to be cut.</summary>
    TooBig,

    /// <summary>The host had no way to send it.</summary>
    NotSent,
}
