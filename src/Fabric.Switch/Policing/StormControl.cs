using System.Numerics;
using Fabric.Link;
using Fabric.Wire;

namespace Fabric.Switch.Policing;

/// <summary>Counts the frames of one port that go to many against its <see cref="StormLimits"/>.</summary>
internal sealed class StormControl
{
    private const double BurstSeconds = 0.1;
    private const int Broadcast = 0;
    private const int Multicast = 1;
    private const int UnknownUnicast = 2;
    private readonly TokenBucket[] _buckets = new TokenBucket[3];
    private readonly bool[] _limited = new bool[3];

    /// <summary>Begins with full buckets.</summary>
    /// <param name="limits">The limits.</param>
    /// <param name="frequency">Ticks of the clock in a second.</param>
    /// <param name="now">Time in ticks.</param>
    internal StormControl(StormLimits limits, long frequency, long now)
    {
        ReadOnlySpan<int> rates = [limits.Broadcast, limits.Multicast, limits.UnknownUnicast];
        for (int kind = 0; kind < rates.Length; kind++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(rates[kind], nameof(limits));
            _limited[kind] = rates[kind] != 0;
            if (_limited[kind])
                _buckets[kind] = new TokenBucket(rates[kind], Math.Max(1, rates[kind] * BurstSeconds), frequency, now);
        }
    }

    /// <summary>Takes the tokens for frames that go to many ports. A super-frame counts as its segments.</summary>
    /// <param name="frames">The burst.</param>
    /// <param name="destinations">Destination address of each, in the low 48 bits.</param>
    /// <param name="chosen">Which of it.</param>
    /// <param name="now">Time in ticks.</param>
    /// <returns>Those that are too many.</returns>
    internal uint Filter(ReadOnlySpan<Frame> frames, ReadOnlySpan<ulong> destinations, uint chosen, long now)
    {
        foreach (ref TokenBucket bucket in _buckets.AsSpan())
            bucket.Refill(now);
        uint exceeding = 0;
        for (; chosen != 0; chosen &= chosen - 1)
        {
            int i = BitOperations.TrailingZeroCount(chosen);
            MacAddress destination = MacAddress.FromBits(destinations[i]);
            int kind = !destination.IsGroup ? UnknownUnicast : destination == MacAddress.Broadcast ? Broadcast : Multicast;
            if (_limited[kind] && !_buckets[kind].TryTake(Segments(in frames[i])))
                exceeding |= 1U << i;
        }

        return exceeding;
    }

    private static int Segments(in Frame frame)
    {
        FrameOffload offload = frame.Offload;
        return offload.Gso == GsoType.None || offload.GsoSize == 0 ? 1 : (frame.Length + offload.GsoSize - 1) / offload.GsoSize;
    }
}
