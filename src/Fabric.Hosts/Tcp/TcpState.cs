namespace Fabric.Hosts.Tcp;

/// <summary>Where a connection stands (RFC 9293, 3.3.2).</summary>
public enum TcpState
{
    /// <summary>Asked for by this side.</summary>
    SynSent,

    /// <summary>Asked for by the other side, and answered.</summary>
    SynReceived,

    /// <summary>Open both ways.</summary>
    Established,

    /// <summary>This side has ended; that is not acknowledged yet.</summary>
    FinWait1,

    /// <summary>This side has ended; the other may still send.</summary>
    FinWait2,

    /// <summary>The other side has ended; this one may still send.</summary>
    CloseWait,

    /// <summary>Both have ended at the same time.</summary>
    Closing,

    /// <summary>Both have ended, this side last; that is not acknowledged yet.</summary>
    LastAck,

    /// <summary>Over, but late segments may still come.</summary>
    TimeWait,

    /// <summary>Gone.</summary>
    Closed,
}
