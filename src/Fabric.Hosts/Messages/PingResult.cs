using Fabric.Wire;

namespace Fabric.Hosts.Messages;

/// <summary>What a ping has shown.</summary>
/// <param name="Destination">Who was pinged.</param>
/// <param name="Echoes">Each echo, in the order of sending.</param>
/// <param name="Duplicates">Answers beyond the first to an echo.</param>
public sealed record PingResult(IpAddress Destination, IReadOnlyList<PingEcho> Echoes, int Duplicates)
{
    /// <summary>Number of echoes.</summary>
    public int Sent => Echoes.Count;

    /// <summary>Number that came back unchanged.</summary>
    public int Received => Echoes.Count(echo => echo.Outcome == PingOutcome.Answered);

    /// <summary>True when all came back unchanged.</summary>
    public bool IsComplete => Received == Sent;

    /// <summary>Shortest round trip; zero without one.</summary>
    public TimeSpan Minimum => RoundTrips().DefaultIfEmpty().Min();

    /// <summary>Mean round trip; zero without one.</summary>
    public TimeSpan Average => Received == 0 ? TimeSpan.Zero : RoundTrips().Aggregate(TimeSpan.Zero, (sum, trip) => sum + trip) / Received;

    /// <summary>Longest round trip; zero without one.</summary>
    public TimeSpan Maximum => RoundTrips().DefaultIfEmpty().Max();

    private IEnumerable<TimeSpan> RoundTrips() => Echoes.Where(echo => echo.Outcome == PingOutcome.Answered).Select(echo => echo.RoundTrip);
}
