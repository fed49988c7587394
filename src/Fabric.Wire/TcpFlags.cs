namespace Fabric.Wire;

/// <summary>Control bits of TCP (RFC 9293, 3.1).</summary>
[Flags]
public enum TcpFlags : byte
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>FIN: no more data from the sender.</summary>
    Finish = 0x01,

    /// <summary>SYN: the sequence number is the initial one.</summary>
    Synchronize = 0x02,

    /// <summary>RST: the connection is gone.</summary>
    Reset = 0x04,

    /// <summary>PSH: hand the data on at once.</summary>
    Push = 0x08,

    /// <summary>ACK: the acknowledgement number counts.</summary>
    Acknowledge = 0x10,

    /// <summary>URG: the urgent pointer counts.</summary>
    Urgent = 0x20,

    /// <summary>ECE: congestion was met (RFC 3168).</summary>
    EcnEcho = 0x40,

    /// <summary>CWR: the sender has reduced its congestion window (RFC 3168).</summary>
    CongestionWindowReduced = 0x80,
}
