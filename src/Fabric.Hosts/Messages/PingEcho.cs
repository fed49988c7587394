using Fabric.Wire;

namespace Fabric.Hosts.Messages;

/// <summary>One echo of a ping.</summary>
/// <param name="Sequence">Its number, from 1 on.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="RoundTrip">Time until the answer or error; zero without one.</param>
/// <param name="From">Who answered; the one pinged where nobody did.</param>
/// <param name="HopLimit">What the answer's TTL or hop limit was on arrival; 0 without an answer.</param>
public sealed record PingEcho(int Sequence, PingOutcome Outcome, TimeSpan RoundTrip, IpAddress From, int HopLimit);
