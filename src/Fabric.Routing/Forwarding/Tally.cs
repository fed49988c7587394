namespace Fabric.Routing.Forwarding;

/// <summary>Counters of one thread at a time; any thread may read them.</summary>
internal sealed class Tally
{
    private static readonly int Reasons = Enum.GetValues<RouterDrop>().Length;
    private readonly long[] _drops = new long[Reasons];
    private long _received;
    private long _forwarded;
    private long _delivered;
    private long _originated;
    private long _errors;
    private long _suppressed;

    internal void AddReceived(int frames) => Volatile.Write(ref _received, _received + frames);

    internal void AddForwarded(int packets) => Volatile.Write(ref _forwarded, _forwarded + packets);

    internal void AddDelivered() => Volatile.Write(ref _delivered, _delivered + 1);

    internal void AddOriginated(int packets = 1) => Volatile.Write(ref _originated, _originated + packets);

    internal void AddError() => Volatile.Write(ref _errors, _errors + 1);

    internal void AddSuppressed() => Volatile.Write(ref _suppressed, _suppressed + 1);

    internal void Drop(RouterDrop reason) => Volatile.Write(ref _drops[(int)reason], _drops[(int)reason] + 1);

    /// <summary>Adds what another one has counted.</summary>
    internal void Add(Tally other)
    {
        _received += Volatile.Read(ref other._received);
        _forwarded += Volatile.Read(ref other._forwarded);
        _delivered += Volatile.Read(ref other._delivered);
        _originated += Volatile.Read(ref other._originated);
        _errors += Volatile.Read(ref other._errors);
        _suppressed += Volatile.Read(ref other._suppressed);
        for (int i = 0; i < Reasons; i++)
            _drops[i] += Volatile.Read(ref other._drops[i]);
    }

    internal RouterCounters Snapshot() => new(
        _received, _forwarded, _delivered, _originated, _errors, _suppressed,
        Enum.GetValues<RouterDrop>().Where(reason => _drops[(int)reason] != 0).ToDictionary(reason => reason, reason => _drops[(int)reason]));
}
