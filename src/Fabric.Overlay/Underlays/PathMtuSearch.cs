using Fabric.Wire;

namespace Fabric.Overlay.Underlays;

// How long a packet may be that reaches the far end
//
// The interface's MTU is only the first link's, and routers on the way tell of theirs only if they are let: so echoes with Don't Fragment are
// sent, of several lengths at once, and what comes back has passed. Between the longest that did and the shortest that did not the search goes
// on, in sixteen parts at a time, because each round costs the time of waiting for what never comes. A router's "too big" lowers what the host
// knows, which is where the next round looks first. Each length is sent twice before its silence counts.
//
// Here is only the search: it is told the time and what came back, and says what to send and when it wants to be asked again.

/// <summary>The search for the path MTU to one far end (RFC 1191, RFC 8201, RFC 4821's way of not relying on ICMP errors). One thread at a
/// time; all times are since its beginning.</summary>
public sealed class PathMtuSearch
{
    /// <summary>The longest IP packet there is, in bytes.</summary>
    public const int Longest = 65535;

    private const int Parts = 16;
    private const int SmallestV4 = 68;
    private const int SmallestV6 = 128;
    private const int MostLinger = 4;
    private const int Turns = 2;
    private static readonly TimeSpan s_whole = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(400);

    private readonly IpAddress _remote;
    private readonly Func<int> _told;
    private readonly HashSet<int> _answered = [];
    private List<int> _lengths;
    private TimeSpan _wait = s_first;
    private TimeSpan _since;
    private TimeSpan _roundTrip = s_most;
    private int _turn;
    private int _none;

    /// <summary>Makes a search that has not begun.</summary>
    /// <param name="remote">The far end; no group.</param>
    /// <param name="most">Longest packet that the first link takes, in bytes, IP header included.</param>
    /// <param name="wanted">A length that is tried at once.</param>
    /// <param name="told">Tells the longest packet that gets there as far as routers have said; 0 for no way.</param>
    public PathMtuSearch(IpAddress remote, int most, int wanted, Func<int> told)
    {
        _remote = remote;
        _told = told;
        int least = remote.IsV4 ? SmallestV4 : SmallestV6;
        most = Math.Min(most, Longest);
        _none = most + 1;
        _lengths = wanted > least && wanted < most ? [most, least, wanted] : [most, least];
    }

    /// <summary>What was found; null until it is over.</summary>
    public PathMtu? Result { get; private set; }

    /// <summary>When <see cref="Next"/> is wanted at the latest.</summary>
    public TimeSpan Due => _since + Half;

    // In the first round one answer tells how long the others can take.
    private TimeSpan Half => (_answered.Count != 0 && Linger < _wait ? Linger : _wait) / Turns;

    private TimeSpan Linger => TimeSpan.FromTicks(Math.Clamp(MostLinger * _roundTrip.Ticks, s_least.Ticks, s_most.Ticks));

    /// <summary>Takes the time into account, and what was answered.</summary>
    /// <param name="now">The time.</param>
    /// <returns>Lengths to send at once, in bytes, IP header included.</returns>
    public IReadOnlyList<int> Next(TimeSpan now)
    {
        if (Result is not null)
            return [];
        bool isOver = _turn != 0 && _answered.Contains(_lengths.Max());
        if (_turn != 0 && !isOver && now < Due)
            return [];
        return !isOver && _turn < Turns ? Send(now) : NextRound(now);
    }

    /// <summary>Takes note of an echo that came back.</summary>
    /// <param name="length">Its length.</param>
    /// <param name="roundTrip">How long it was away.</param>
    public void Answered(int length, TimeSpan roundTrip)
    {
        _answered.Add(length);
        if (roundTrip < _roundTrip)
            _roundTrip = roundTrip;
    }

    private List<int> Send(TimeSpan now)
    {
        _turn++;
        _since = now;
        return [.. _lengths.Where(length => !_answered.Contains(length))];
    }

    private List<int> NextRound(TimeSpan now)
    {
        int passed = _answered.Count == 0 ? 0 : _answered.Max();
        _none = Math.Min(_none, _lengths.Where(length => length > passed).DefaultIfEmpty(_none).Min());
        PathState? state = passed == 0 ? PathState.NotAnswered
            : _none - passed <= 1 ? PathState.Measured
            : now + s_least > s_whole ? PathState.AtLeast
            : null;
        if (state is { } known)
        {
            Result = new PathMtu(_remote, known, _told(), passed);
            return [];
        }

        _lengths = Between(passed, _none);
        _turn = 0;
        _wait = Linger < s_whole - now ? Linger : s_whole - now;
        return Send(now);
    }

    /// <summary>The next lengths: what a router has told meanwhile, and sixteen parts of what is open.</summary>
    private List<int> Between(int passed, int none)
    {
        SortedSet<int> lengths = [];
        int told = _told();
        for (int part = 1; part < Parts; part++)
            lengths.Add(passed + (int)((long)(none - passed) * part / Parts));
        lengths.Add(told);
        lengths.Add(told + 1);
        lengths.Add(none - 1);
        return [.. lengths.Where(length => length > passed && length < none).Reverse()];
    }
}
