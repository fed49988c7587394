namespace Fabric.Daemon.Control;

/// <summary>What a host has counted of the traffic that generators send to it.</summary>
/// <param name="Received">Datagrams, those that came twice included.</param>
/// <param name="Bytes">Bytes of their payload.</param>
/// <param name="Lost">Datagrams that a later one of their flow overtook for good.</param>
/// <param name="Reordered">Those that came behind a later one.</param>
/// <param name="Duplicates">Those that came again.</param>
/// <param name="MedianMicroseconds">Median of the times they were on their way.</param>
/// <param name="P99Microseconds">Time that 99 of 100 did not exceed.</param>
public sealed record SinkStatus(long Received, long Bytes, long Lost, long Reordered, long Duplicates, double MedianMicroseconds, double P99Microseconds);
