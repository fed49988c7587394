namespace Fabric.Hosts.Tcp;

/// <summary>What a transfer to an echo port and back has shown.</summary>
/// <param name="Sent">Bytes written to the connection.</param>
/// <param name="Returned">Bytes that came back, all as they were sent.</param>
/// <param name="Duration">From the first SYN to the last byte.</param>
/// <param name="Retransmissions">Segments this side had to send again.</param>
/// <param name="Error">What went wrong; null when everything came back.</param>
public sealed record TcpTransferResult(long Sent, long Returned, TimeSpan Duration, long Retransmissions, string? Error)
{
    /// <summary>True when everything came back and both sides ended in order.</summary>
    public bool IsIntact => Error is null;
}
