using System.Numerics;

namespace Fabric.Link.Bonding;

/// <summary>Which member each flow keeps to: 256 buckets of flows, spread evenly over the members that distribute (frame distribution
/// and conversation allocation, IEEE 802.1AX-2014, 6.2.4).</summary>
/// <remarks>Where a member goes, its buckets move to others at once and all others stay. Where one comes, its share of buckets moves to
/// it one by one, each once no frame of it has been seen for <see cref="IdleTime"/>: what was sent before has arrived by then, so
/// that no frame overtakes another of its flow. One call at a time; nothing allocates.</remarks>
internal sealed class FlowSpread
{
    /// <summary>Silence after which a bucket may move, in milliseconds: longer than a frame stands in any queue here.</summary>
    internal const long IdleTime = 100;

    private const int Buckets = 256;
    private readonly byte[] _member = new byte[Buckets];
    private readonly byte[] _target = new byte[Buckets];
    private readonly long[] _lastUsed = new long[Buckets];
    private readonly int[] _shares = new int[BondOptions.MostMembers];

    /// <summary>Says which members distribute from now on.</summary>
    /// <param name="members">Bit n is member n; none leaves everything as it is, for nothing may be sent then.</param>
    internal void SetMembers(uint members)
    {
        if (members == 0)
            return;
        Array.Clear(_shares);
        foreach (byte target in _target)
            _shares[target]++;
        for (int i = 0; i < Buckets; i++)
        {
            if ((members & (1U << _target[i])) == 0)
                Retarget(i, Least(members));
        }

        for (int i = 0; i < Buckets; i++)
        {
            int least = Least(members);
            if (_shares[_target[i]] > _shares[least] + 1)
                Retarget(i, least);
            if ((members & (1U << _member[i])) == 0)
                _member[i] = _target[i];
        }
    }

    /// <summary>The member for a frame.</summary>
    /// <param name="flow">Number of its flow.</param>
    /// <param name="now">The time in milliseconds.</param>
    internal int Choose(uint flow, long now)
    {
        uint bucket = flow % Buckets;
        if (_member[bucket] != _target[bucket] && now - _lastUsed[bucket] >= IdleTime)
            _member[bucket] = _target[bucket];
        _lastUsed[bucket] = now;
        return _member[bucket];
    }

    private void Retarget(int bucket, int member)
    {
        _shares[_target[bucket]]--;
        _shares[member]++;
        _target[bucket] = (byte)member;
    }

    private int Least(uint members)
    {
        int least = BitOperations.TrailingZeroCount(members);
        for (uint left = members; left != 0; left &= left - 1)
        {
            int member = BitOperations.TrailingZeroCount(left);
            if (_shares[member] < _shares[least])
                least = member;
        }

        return least;
    }
}
