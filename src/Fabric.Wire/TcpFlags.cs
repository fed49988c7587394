namespace Fabric.Wire;

/// <summary>Control bits of TCP (RFC 9293, 3.1) that segmentation must know.</summary>
[Flags]
public enum TcpFlags : byte
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>FIN: no more data from the sender.</summary>
    Finish = 0x01,

    /// <summary>PSH: hand the data on at once.</summary>
    Push = 0x08,

    /// <summary>ACK: the acknowledgement number counts.</summary>
    Acknowledge = 0x10,

    /// <summary>CWR: the sender has reduced its congestion window (RFC 3168).</summary>
    CongestionWindowReduced = 0x80,
}
