namespace Fabric.Daemon.Control;

/// <summary>One echo of a ping.</summary>
/// <param name="Sequence">Its number, from 1 on.</param>
/// <param name="Outcome">What became of it: answered, timedOut, corrupted, unreachable, timeExceeded, tooBig or notSent.</param>
/// <param name="Ms">Milliseconds until the answer; 0 without one.</param>
/// <param name="From">Who answered.</param>
/// <param name="HopLimit">TTL or hop limit of the answer; 0 without one.</param>
public sealed record PingReportEcho(int Sequence, string Outcome, double Ms, string From, int HopLimit);
