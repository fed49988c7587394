namespace Fabric.Disk.Layers;

/// <summary>Makes chosen requests fail or wait, the same ones in every run with the same seed and order of requests.</summary>
/// <remarks>The first rule that hits decides. A request that fails leaves the disk below untouched.</remarks>
public sealed class FaultDisk : DiskLayer
{
    private readonly Lock _gate = new();
    private readonly (FaultRule Rule, long[] Met)[] _rules;
    private readonly Random _random;
    private readonly TimeProvider _time;
    private readonly Delays _delays;
    private long _hits;

    /// <summary>Faults around a disk.</summary>
    /// <param name="below">The disk; belongs to the layer.</param>
    /// <param name="rules">When and how.</param>
    /// <param name="seed">Decides the rules with a probability.</param>
    /// <param name="time">Clock for delays.</param>
    public FaultDisk(IDisk below, IEnumerable<FaultRule> rules, int seed, TimeProvider time)
        : base(below)
    {
        _rules = [.. rules.Select(rule => (rule, new long[1]))];
        if (_rules.Any(r => r.Rule.Every < 1 || r.Rule.Probability is < 0 or > 1 || r.Rule.Delay < TimeSpan.Zero))
            throw new ArgumentException("A rule hits at least every request, with a probability of 0 to 1, and delays forwards.", nameof(rules));
        _random = new Random(seed);
        _time = time;
        _delays = new Delays(time);
    }

    /// <summary>Requests that were hit so far.</summary>
    public long Hits => Volatile.Read(ref _hits);

    /// <summary>Requests that are held up now.</summary>
    public int Waiting => _delays.Waiting;

    /// <inheritdoc/>
    public override DiskStatus Read(long offset, Span<byte> destination, DiskFlags flags = DiskFlags.None) =>
        Meet(DiskOperations.Read, offset, destination.Length) is var status and not DiskStatus.Ok ? status : Below.Read(offset, destination, flags);

    /// <inheritdoc/>
    public override DiskStatus Write(long offset, ReadOnlySpan<byte> source, DiskFlags flags = DiskFlags.None) =>
        Meet(DiskOperations.Write, offset, source.Length) is var status and not DiskStatus.Ok ? status : Below.Write(offset, source, flags);

    /// <inheritdoc/>
    public override DiskStatus WriteZeroes(long offset, long length, DiskFlags flags = DiskFlags.None) =>
        Meet(DiskOperations.WriteZeroes, offset, length) is var status and not DiskStatus.Ok ? status : Below.WriteZeroes(offset, length, flags);

    /// <inheritdoc/>
    public override DiskStatus Discard(long offset, long length) =>
        Meet(DiskOperations.Discard, offset, length) is var status and not DiskStatus.Ok ? status : Below.Discard(offset, length);

    /// <inheritdoc/>
    public override DiskStatus Flush() => Meet(DiskOperations.Flush, 0, 0) is var status and not DiskStatus.Ok ? status : Below.Flush();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _delays.Dispose();
    }

    private DiskStatus Meet(DiskOperations operation, long offset, long length)
    {
        FaultRule? hit = null;
        lock (_gate)
        {
            foreach ((FaultRule rule, long[] met) in _rules)
            {
                if (!rule.Fits(operation, offset, length) || ++met[0] % rule.Every != 0)
                    continue;
                if (rule.Probability < 1 && _random.NextDouble() >= rule.Probability)
                    continue;
                hit = rule;
                _hits++;
                break;
            }
        }

        if (hit is null)
            return DiskStatus.Ok;
        _delays.Wait((long)(hit.Delay.TotalSeconds * _time.TimestampFrequency));
        return hit.Status;
    }
}
